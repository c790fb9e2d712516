/* hard_tanh: x within [-limit, limit], and |x| <= limit (src/linocut/ops/hard_tanh.py). */
#include "c99.h"

void lino_hard_tanh(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1, *mask = call->operands + 2;
    const float most = (float)call->attributes[0];
    lino_size row, half, c;
    for (row = 0; row < x->rows; ++row) {
        for (half = 0; half < lino_halves(x->cols); ++half) {
            const lino_size n = lino_least(32, x->cols - 32 * half), at = row * x->cols + 32 * half;
            uint32_t word = 0;
            for (c = 0; c < n; ++c) {
                const float given = lino_float(x, at + c);
                word |= (uint32_t)(fabsf(given) <= most) << c;
                lino_store(y, at + c, given > most ? most : given < -most ? -most : given);
            }
            if (mask->data) lino_bits(mask, row)[half] = word;
        }
    }
}
