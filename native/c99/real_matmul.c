/* real_matmul: y = X W^, the first layer; a u8 input u counts 2u - 255, in 255ths where Y is in floats
   (src/linocut/ops/real_matmul.py). */
#include "bytes.h"

static void floats(const lino_operand* x, const lino_operand* weights, const lino_operand* y) {
    lino_size row, output, k;
    for (row = 0; row < x->rows; ++row) {
        const float* in = (const float*)x->data + row * x->cols;
        for (output = 0; output < weights->rows; ++output) {
            const uint32_t* bits = lino_bits(weights, output);
            float sum = 0.0f;
            for (k = 0; k < x->cols; ++k) sum += lino_bit(bits, k) ? in[k] : -in[k];
            lino_store(y, row * y->cols + output, sum);
        }
    }
}

void lino_real_matmul(const lino_call* call) {
    const lino_operand *x = call->operands, *weights = call->operands + 1, *y = call->operands + 2;
    lino_size row, first, i;
    if (x->format != LINO_U8) {
        floats(x, weights, y);
        return;
    }
    for (row = 0; row < x->rows; ++row) {
        for (first = 0; first < weights->rows; first += LINO_OUTPUTS_AT_ONCE) {
            const lino_size n = lino_least(LINO_OUTPUTS_AT_ONCE, weights->rows - first), at = row * y->cols + first;
            int32_t sums[LINO_OUTPUTS_AT_ONCE];
            lino_byte_products((const uint8_t*)x->data + row * x->cols, x->cols, weights, first, n, sums);
            for (i = 0; i < n; ++i) {
                if (lino_is_integer(y))
                    lino_store_integer(y, at + i, sums[i]);
                else
                    lino_store(y, at + i, (float)sums[i] / 255.0f);
            }
        }
    }
}
