/* relu: y = x where x > 0, else 0, and the mask x > 0 (src/linocut/ops/numbers.py). */
#include "c99.h"

void lino_relu(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1, *mask = call->operands + 2;
    lino_size row, half, c;
    for (row = 0; row < x->rows; ++row) {
        for (half = 0; half < lino_halves(x->cols); ++half) {
            const lino_size n = lino_least(32, x->cols - 32 * half), at = row * x->cols + 32 * half;
            uint32_t word = 0;
            for (c = 0; c < n; ++c) {
                const float given = lino_float(x, at + c);
                word |= (uint32_t)(given > 0.0f) << c;
                lino_store(y, at + c, given > 0.0f ? given : 0.0f);
            }
            if (mask->data) lino_bits(mask, row)[half] = word;
        }
    }
}
