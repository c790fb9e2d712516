/* bop: Helwegen et al., arXiv 1906.02107, binary weights that flip (src/linocut/ops/bop.py). */
#include "updates.h"

enum { WEIGHTS, M, DW, RANDOM, COUNTERS, MICRO };
enum { GAMMA, TAU, SCALE, SALT };

static int64_t floats(const lino_call* call) {
    const lino_operand *all = call->operands, *weights = all + WEIGHTS;
    const double* a = call->attributes;
    const lino_shares shares = lino_shares_of(all + DW, all + MICRO, 1.0 - a[GAMMA], a[GAMMA]);
    int64_t flips = 0;
    lino_size row, column;
    if (!shares.due) return 0;
    for (row = 0; row < weights->rows; ++row) {
        uint32_t* bits = lino_bits(weights, row);
        for (column = 0; column < weights->cols; ++column) {
            const lino_size at = row * weights->cols + column;
            const float g = lino_gradient(all + DW, row, column, (float)a[SCALE]);
            const float moment = lino_float(all + M, at) * shares.kept + g * shares.fresh;
            lino_store(all + M, at, moment);
            if (!shares.moves || !((lino_bit(bits, column) ? moment : -moment) > (float)a[TAU])) continue;
            bits[column >> 5] ^= 1u << (column & 31);
            ++flips;
        }
    }
    return flips;
}

static int64_t fixed(const lino_call* call) {
    const lino_operand *all = call->operands, *weights = all + WEIGHTS;
    const double* a = call->attributes;
    const lino_slow slow = lino_slow_of(all + M, a[GAMMA], a[TAU], a[SCALE], all + MICRO, all + RANDOM, a[SALT]);
    int64_t flips = 0;
    lino_size row, first, c;
    for (row = 0; row < weights->rows; ++row) {
        for (first = 0; first < weights->cols; first += 64) {
            const lino_size n = lino_least(64, weights->cols - first);
            uint8_t positive[64];
            for (c = 0; c < n; ++c) positive[c] = (uint8_t)lino_bit(lino_bits(all + DW, row), first + c);
            flips +=
                lino_flip(&slow, positive, lino_bits(weights, row), all + M, first, row * weights->cols + first, n);
        }
    }
    return flips;
}

void lino_bop(const lino_call* call) {
    const lino_operand* all = call->operands;
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, lino_is_integer(all + M) ? fixed(call) : floats(call));
}
