/* weight_gradient: dW = X^T dY, in full, in q7 or only its sign (src/linocut/ops/weight_gradient.py). */
#include "dense_gradient.h"
#include "gradient_words.h"

enum { DY, X, DW };

static float sum_of(const lino_operand* dy, const lino_operand* x, lino_size output, lino_size column) {
    float sum = 0.0f;
    lino_size row;
    for (row = 0; row < dy->rows; ++row) sum += lino_float(dy, row * dy->cols + output) * lino_input(x, row, column);
    return x->format == LINO_U8 ? sum * (1.0f / 255.0f) : sum;
}

static void floats(const lino_operand* dy, const lino_operand* x, const lino_operand* dw) {
    lino_size output, half, c;
    for (output = 0; output < dy->cols; ++output) {
        for (half = 0; half < lino_halves(x->cols); ++half) {
            const lino_size n = lino_least(32, x->cols - 32 * half);
            uint32_t word = 0;
            for (c = 0; c < n; ++c) {
                const float found = sum_of(dy, x, output, 32 * half + c);
                word |= (uint32_t)(found >= 0.0f) << c;
                if (dw->format != LINO_BIT) lino_store(dw, output * dw->cols + 32 * half + c, found);
            }
            if (dw->format == LINO_BIT) lino_bits(dw, output)[half] = word;
        }
    }
}

void lino_weight_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands + DY, *x = call->operands + X, *dw = call->operands + DW;
    lino_size output, first;
    if (!lino_is_integer(dy)) {
        floats(dy, x, dw);
        return;
    }
    for (output = 0; output < dy->cols; ++output) {
        for (first = 0; first < x->cols; first += 64) {
            const lino_size n = lino_least(64, x->cols - first);
            int32_t gradients[64];
            int8_t mantissas[64];
            lino_dense_gradient(dy, x, output, first, n, gradients);
            lino_in_q7(gradients, n, dw->format == LINO_BIT, mantissas);
            lino_store_word(mantissas, n, dw, output, first);
        }
    }
}
