/* unflatten_bits: packed vectors as packed images, whose pixels begin words (src/linocut/ops/flatten_bits.py). */
#include "c99.h"

void lino_unflatten_bits(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const lino_size pixels = y->rows / x->rows;
    lino_size row, at;
    for (row = 0; row < y->rows; ++row) {
        const uint32_t* from = lino_bits(x, row / pixels);
        uint32_t *bits = lino_bits(y, row), word = 0;
        for (at = 0; at < 32 * lino_halves(y->cols); ++at) {
            if (at < y->cols) word |= lino_bit(from, row % pixels * y->cols + at) << (at & 31);
            if ((at & 31) != 31) continue;
            bits[at >> 5] = word;
            word = 0;
        }
    }
}
