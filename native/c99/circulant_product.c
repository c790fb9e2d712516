/* circulant_product: y = W x + bias, of circulant blocks (src/linocut/ops/circulant.py). */
#include "circulant.h"

void lino_circulant_product(const lino_call* call) {
    const lino_operand *x = call->operands, *spectra = x + 1, *bias = x + 2, *lengths = x + 3, *y = x + 4;
    const lino_size size = (lino_size)spectra->shape[0], steps = lino_steps(y);
    lino_size row, i, c;
    for (row = 0; row < y->rows; ++row) {
        const int within = row % steps < lino_length(lengths, row / steps, steps);
        const lino_numbers in = lino_row_of(x, row, 0, x->cols);
        for (i = 0; i * size < y->cols; ++i) {
            float block[LINO_MOST_BLOCK];
            if (within) lino_product_block(&in, spectra, i, block);
            for (c = 0; c < size && i * size + c < y->cols; ++c) {
                const float shift = bias->data ? lino_float(bias, i * size + c) : 0.0f;
                lino_store(y, row * y->cols + i * size + c, within ? block[c] + shift : 0.0f);
            }
        }
    }
}
