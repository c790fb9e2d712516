/* binary_matmul: y = K - 2 popcount(x ^ w) (src/linocut/ops/binary_matmul.py). */
#include "c99.h"

void lino_binary_matmul(const lino_call* call) {
    const lino_operand *x = call->operands, *weights = call->operands + 1, *y = call->operands + 2;
    const lino_size halves = lino_halves(x->cols);
    lino_size row, output, k;
    for (row = 0; row < x->rows; ++row) {
        const uint32_t* a = lino_bits(x, row);
        for (output = 0; output < weights->rows; ++output) {
            const uint32_t* b = lino_bits(weights, output);
            int32_t differ = 0;
            for (k = 0; k < halves; ++k) differ += lino_ones(a[k] ^ b[k]);
            lino_store_sum(y, row * y->cols + output, (int32_t)x->cols - 2 * differ);
        }
    }
}
