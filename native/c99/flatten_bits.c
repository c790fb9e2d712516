/* flatten_bits: packed images whose channels do not fill whole words, packed anew as vectors
   (src/linocut/ops/flatten_bits.py). */
#include "c99.h"

void lino_flatten_bits(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    lino_size row, at;
    for (row = 0; row < y->rows; ++row) {
        const lino_size first = row * (y->cols / x->cols);
        uint32_t *bits = lino_bits(y, row), word = 0;
        for (at = 0; at < 32 * lino_halves(y->cols); ++at) {
            if (at < y->cols) word |= lino_bit(lino_bits(x, first + at / x->cols), at % x->cols) << (at & 31);
            if ((at & 31) != 31) continue;
            bits[at >> 5] = word;
            word = 0;
        }
    }
}
