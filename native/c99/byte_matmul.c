/* byte_matmul: the first layer in prediction, bytes u, which count 2u - 255, times signs
 * (src/linocut/ops/byte_matmul.py). */
#include "bytes.h"
#include "outcome.h"

void lino_byte_matmul(const lino_call* call) {
    const lino_operand *x = call->operands, *weights = call->operands + 1;
    lino_size row, first;
    for (row = 0; row < x->rows; ++row) {
        for (first = 0; first < weights->rows; first += LINO_OUTPUTS_AT_ONCE) {
            const lino_size n = lino_least(LINO_OUTPUTS_AT_ONCE, weights->rows - first);
            int32_t sums[LINO_OUTPUTS_AT_ONCE];
            lino_byte_products((const uint8_t*)x->data + row * x->cols, x->cols, weights, first, n, sums);
            lino_store_outcome(call, row, first, n, sums);
        }
    }
}
