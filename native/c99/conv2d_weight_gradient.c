/* conv2d_weight_gradient: dW of a convolution, in full, in q7 or only its sign
   (src/linocut/ops/conv2d_weight_gradient.py). */
#include "conv2d_float_gradient.h"
#include "conv2d_gradient.h"
#include "gradient_words.h"

enum { DY, X, DW };
enum { AT_ONCE = 32 };

static void floats(const lino_window* window, const lino_operand* dy, const lino_operand* x, const lino_operand* dw) {
    lino_size row, half, c;
    for (row = 0; row < dw->rows; ++row) {
        for (half = 0; half < lino_halves(dw->cols); ++half) {
            const lino_size left = dw->cols - 32 * half, n = left < 0 ? 0 : lino_least(AT_ONCE, left);
            float sums[AT_ONCE];
            uint32_t word = 0;
            lino_conv2d_float_gradient(window, dy, x, row, 32 * half, n, sums);
            for (c = 0; c < n; ++c) {
                word |= (uint32_t)(sums[c] >= 0.0f) << c;
                if (dw->format != LINO_BIT) lino_store(dw, row * dw->cols + 32 * half + c, sums[c]);
            }
            if (dw->format == LINO_BIT) lino_bits(dw, row)[half] = word;
        }
    }
}

void lino_conv2d_weight_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands + DY, *x = call->operands + X, *dw = call->operands + DW;
    const lino_window window = lino_convolution_of(x, dw, dy, call->attributes);
    lino_size row, first;
    if (!lino_is_integer(dy)) {
        floats(&window, dy, x, dw);
        return;
    }
    for (row = 0; row < dw->rows; ++row) {
        for (first = 0; first < dw->cols; first += 64) {
            const lino_size n = lino_least(64, dw->cols - first);
            int64_t gradients[64];
            int8_t mantissas[64];
            lino_conv2d_gradient(&window, dy, x, row, first, n, gradients);
            lino_wide_in_q7(gradients, n, dw->format == LINO_BIT, mantissas);
            lino_store_word(mantissas, n, dw, row, first);
        }
    }
}
