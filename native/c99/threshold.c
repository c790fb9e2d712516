/* threshold: bits = y >= least, by channel (src/linocut/ops/threshold.py). */
#include "c99.h"

void lino_threshold(const lino_call* call) {
    const lino_operand *y = call->operands, *least = call->operands + 1, *to = call->operands + 2;
    const int integers = lino_is_integer(y);
    lino_size row, half, c;
    for (row = 0; row < y->rows; ++row) {
        uint32_t* bits = lino_bits(to, row);
        for (half = 0; half < lino_halves(y->cols); ++half) {
            const lino_size first = 32 * half, n = lino_least(32, y->cols - first), at = row * y->cols + first;
            uint32_t word = 0;
            for (c = 0; c < n; ++c) {
                const int above = integers ? lino_integer(y, at + c) >= lino_integer(least, first + c)
                                           : lino_float(y, at + c) >= lino_float(least, first + c);
                word |= (uint32_t)above << c;
            }
            bits[half] = word;
        }
    }
}
