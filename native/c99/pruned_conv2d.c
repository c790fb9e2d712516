/* pruned_conv2d: a convolution of bits of which kept words alone are multiplied (src/linocut/ops/pruned_conv2d.py). */
#include "outcome.h"
#include "pruned_words.h"
#include "window.h"

enum { X, ENDS, PLACES = 5, SIGNS, LANES, KEPT };
enum { PARTS = 3, PACKED };

typedef struct {
    lino_size b, i, j;
} place;

/* A word of a pixel's lanes, and which of them are seen. */
typedef struct {
    uint32_t bits[2], seen[2];
} word;

static lino_size end_of(const lino_call* call, lino_size output) {
    const lino_size end = output < 0 ? 0 : ((const int32_t*)call->operands[ENDS].data)[output];
    return end < 0 ? 0 : lino_least(end, call->operands[PLACES].cols);
}

/* What an entry of a list adds to a sum. */
static int32_t product(const lino_call* call, lino_size entry, const word* x) {
    const uint32_t *signs = lino_bits(call->operands + SIGNS, entry), *lanes = lino_bits(call->operands + LANES, entry);
    int32_t sum = 0;
    int i;
    for (i = 0; i < 2; ++i)
        sum += lino_ones(lanes[i] & x->seen[i]) - 2 * lino_ones((x->bits[i] ^ signs[i]) & lanes[i] & x->seen[i]);
    return sum;
}

/* Adds to the sums of n outputs from `first` on what entries of a place come to, or all entries below it and of it that
   a list begins with where `place` is the last. */
static void add_word(const lino_call* call, lino_size place, lino_size last, lino_size first, lino_size n,
                     const word* x, int32_t* sums) {
    lino_size c, e;
    for (c = 0; c < n; ++c) {
        const lino_size end = end_of(call, first + c);
        for (e = end_of(call, first + c - 1); e < end; ++e) {
            const lino_size at = lino_least(last, ((const int32_t*)call->operands[PLACES].data)[e]);
            if ((at < 0 ? 0 : at) == place) sums[c] += product(call, e, x);
        }
    }
}

static void add_taps(const lino_call* call, const lino_window* window, const place* at, const lino_tap_words* tap,
                     lino_size first, lino_size n, int32_t* sums) {
    const lino_operand* x = call->operands;
    const lino_size taps = window->rows * window->columns;
    lino_size t, w;
    for (t = 0; t < taps; ++t) {
        const lino_size seen = lino_seen(window, at->b, at->i, at->j, t / window->columns, t % window->columns);
        if (seen < 0) continue;
        for (w = 0; w < tap->total; ++w) {
            word of_x = {{0, 0}, {0xFFFFFFFFu, 0xFFFFFFFFu}};
            lino_take_word(tap, lino_bits(x, seen), w, of_x.bits);
            add_word(call, t * tap->total + w, taps * tap->total - 1, first, n, &of_x, sums);
        }
    }
}

static void add_joined(const lino_call* call, const lino_window* window, const place* at, lino_size last,
                       lino_size first, lino_size n, int32_t* sums) {
    const lino_operand *x = call->operands, *kept = call->operands + KEPT;
    word joined = {{0, 0}, {0, 0}};
    lino_size t, c, place = 0, filled = 0;
    for (t = 0; t < kept->rows; ++t) {
        const lino_size seen = lino_seen(window, at->b, at->i, at->j, t / window->columns, t % window->columns);
        for (c = 0; c < kept->cols; ++c) {
            if (!lino_bit(lino_bits(kept, t), c)) continue;
            if (seen >= 0) {
                joined.bits[filled >> 5] |= lino_bit(lino_bits(x, seen), c) << (filled & 31);
                joined.seen[filled >> 5] |= 1u << (filled & 31);
            }
            if (++filled < 64) continue;
            add_word(call, place++, last, first, n, &joined, sums);
            memset(&joined, 0, sizeof joined);
            filled = 0;
        }
    }
    if (filled) add_word(call, place, last, first, n, &joined, sums);
}

static lino_size kept_lanes(const lino_operand* kept) {
    const lino_size halves = kept->rows * lino_halves(kept->cols);
    lino_size half, found = 0;
    for (half = 0; half < halves; ++half) found += lino_ones(((const uint32_t*)kept->data)[half]);
    return found;
}

void lino_pruned_conv2d(const lino_call* call) {
    const lino_operand *x = call->operands, *to = lino_outcome_of(call), *kept = call->operands + KEPT;
    const lino_window window =
        lino_window_of(x, (lino_size)kept->shape[0], (lino_size)kept->shape[1], to, call->attributes);
    const lino_tap_words tap = lino_tap_words_of(x->cols, call->attributes[PARTS]);
    const lino_size last = (kept_lanes(kept) + 63) / 64 - 1;
    lino_size first, row = 0, c;
    place at;
    for (at.b = 0; at.b < window.batch; ++at.b) {
        for (at.i = 0; at.i < window.out_height; ++at.i) {
            for (at.j = 0; at.j < window.out_width; ++at.j, ++row) {
                for (first = 0; first < to->cols; first += 64) {
                    const lino_size n = lino_least(64, to->cols - first);
                    int32_t sums[64] = {0};
                    if (call->attributes[PACKED] != 0.0)
                        add_joined(call, &window, &at, last < 0 ? 0 : last, first, n, sums);
                    else
                        add_taps(call, &window, &at, &tap, first, n, sums);
                    if (to->format == LINO_BIT || lino_is_integer(to))
                        lino_store_outcome(call, row, first, n, sums);
                    else
                        for (c = 0; c < n; ++c) lino_store(to, row * to->cols + first + c, (float)sums[c]);
                }
            }
        }
    }
}
