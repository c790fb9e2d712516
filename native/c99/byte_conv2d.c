/* byte_conv2d: the first convolution in prediction, bytes u, which count 2u - 255, times signs
   (src/linocut/ops/byte_conv2d.py). */
#include "bytes.h"
#include "outcome.h"
#include "window.h"

static int32_t sum_of(const lino_call* call, const lino_window* window, lino_size b, lino_size i, lino_size j,
                      lino_size output) {
    const lino_operand *x = call->operands, *weights = call->operands + 1;
    const lino_size taps = window->rows * window->columns;
    int32_t sum = 0;
    lino_size tap;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seen = lino_seen(window, b, i, j, tap / window->columns, tap % window->columns);
        if (seen < 0) continue;
        sum += lino_byte_product((const uint8_t*)x->data + seen * x->cols, lino_bits(weights, output * taps + tap),
                                 x->cols);
    }
    return sum;
}

void lino_byte_conv2d(const lino_call* call) {
    const lino_operand *weights = call->operands + 1, *to = lino_outcome_of(call);
    const lino_window window = lino_convolution_of(call->operands, weights, to, call->attributes);
    lino_size b, i, j, first, c, row = 0;
    for (b = 0; b < window.batch; ++b) {
        for (i = 0; i < window.out_height; ++i) {
            for (j = 0; j < window.out_width; ++j, ++row) {
                for (first = 0; first < to->cols; first += 64) {
                    const lino_size n = lino_least(64, to->cols - first);
                    int32_t sums[64];
                    for (c = 0; c < n; ++c) sums[c] = sum_of(call, &window, b, i, j, first + c);
                    lino_store_outcome(call, row, first, n, sums);
                }
            }
        }
    }
}
