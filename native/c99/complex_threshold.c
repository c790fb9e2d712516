/* complex_threshold: the signs of lines through both parts of complex channels (src/linocut/ops/complex_threshold.py).
 */
#include "c99.h"

enum { Y, FACTORS, SHIFT, BITS };

void lino_complex_threshold(const lino_call* call) {
    const lino_operand *y = call->operands + Y, *factors = call->operands + FACTORS;
    const int64_t* shift = (const int64_t*)call->operands[SHIFT].data;
    const int32_t* of = (const int32_t*)factors->data;
    const lino_size half = factors->cols;
    lino_size row, c;
    for (row = 0; row < y->rows; ++row) {
        uint32_t* bits = lino_bits(call->operands + BITS, row);
        memset(bits, 0, (size_t)lino_halves(y->cols) * sizeof *bits);
        for (c = 0; c < y->cols; ++c) {
            const lino_size channel = c % half, line = 2 * (c / half);
            const int64_t re = lino_integer(y, row * y->cols + channel);
            const int64_t im = lino_integer(y, row * y->cols + half + channel);
            const uint64_t sum = (uint64_t)(of[line * half + channel] * re) +
                                 (uint64_t)(of[(line + 1) * half + channel] * im) + (uint64_t)shift[c];
            bits[c >> 5] |= (uint32_t)((int64_t)sum >= 0) << (c & 31);
        }
    }
}
