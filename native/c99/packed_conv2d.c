/* packed_conv2d: a binary conv2d with weights in panels, for prediction (src/linocut/ops/packed_conv2d.py). */
#include "outcome.h"
#include "window.h"

enum { STRIDE, PAD_TOP, PAD_LEFT, HEIGHT, WIDTH };

/* Sums of n outputs whose panel begins at `panel`: a row of words for each tap, one word of each of 64 outputs. */
static void add_taps(const lino_call* call, const lino_window* window, lino_size b, lino_size i, lino_size j,
                     const uint32_t* panel, lino_size n, int32_t* sums) {
    const lino_operand* x = call->operands;
    const lino_size words = lino_halves(x->cols) / 2, taps = window->rows * window->columns;
    lino_size tap, word, c;
    for (c = 0; c < n; ++c) sums[c] = 0;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seen = lino_seen(window, b, i, j, tap / window->columns, tap % window->columns);
        const uint32_t* bits;
        if (seen < 0) continue;
        bits = lino_bits(x, seen);
        for (c = 0; c < n; ++c) sums[c] += (int32_t)x->cols;
        for (word = 0; word < words; ++word) {
            const uint32_t* side = panel + (tap * words + word) * 128;
            for (c = 0; c < n; ++c)
                sums[c] -=
                    2 * (lino_ones(bits[2 * word] ^ side[2 * c]) + lino_ones(bits[2 * word + 1] ^ side[2 * c + 1]));
        }
    }
}

void lino_packed_conv2d(const lino_call* call) {
    const lino_operand *x = call->operands, *to = lino_outcome_of(call);
    const double* a = call->attributes;
    const lino_window window = lino_window_of(x, (lino_size)a[HEIGHT], (lino_size)a[WIDTH], to, a);
    const lino_size words = lino_halves(x->cols) / 2 * window.rows * window.columns; /* of an output */
    lino_size b, i, j, first, row = 0;
    for (b = 0; b < window.batch; ++b) {
        for (i = 0; i < window.out_height; ++i) {
            for (j = 0; j < window.out_width; ++j, ++row) {
                for (first = 0; first < to->cols; first += 64) {
                    const lino_size n = lino_least(64, to->cols - first);
                    int32_t sums[64];
                    add_taps(call, &window, b, i, j, (const uint32_t*)call->operands[1].data + first / 64 * words * 128,
                             n, sums);
                    lino_store_outcome(call, row, first, n, sums);
                }
            }
        }
    }
}
