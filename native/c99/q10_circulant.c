/* q10_circulant: block-circulant products in Q5.10, with a bias (src/linocut/ops/q10_circulant.py). */
#include "q10_product.h"

void lino_q10_circulant(const lino_call* call) {
    const lino_operand *x = call->operands, *weights = call->operands + 1, *bias = call->operands + 2;
    const lino_operand *spectra = call->operands + 3, *y = call->operands + 4;
    const int k = (int)weights->cols, point = (int)call->attributes[0], all_inverse = call->attributes[1] != 0;
    const lino_size blocks = weights->shape[1], numbers = blocks * k;
    lino_size row, first;
    for (row = 0; row < x->rows; ++row) {
        int16_t* heard = lino_shorts(spectra) + row * numbers;
        lino_q10_hear(lino_shorts(x) + row * x->cols, x->cols, k, all_inverse, heard);
        for (first = 0; first < y->cols; first += k) {
            lino_q10_sums sums;
            int32_t found[LINO_MOST_BLOCK];
            lino_size i;
            lino_q10_clear(&sums, k);
            lino_q10_add_blocks(&sums, lino_shorts(weights) + first / k * numbers, heard, blocks, k);
            lino_q10_finish(&sums, k, point, all_inverse, found);
            for (i = 0; i < lino_least(k, y->cols - first); ++i) {
                const int32_t added = bias->data == NULL ? 0 : lino_shorts(bias)[first + i];
                lino_shorts(y)[row * y->cols + first + i] = (int16_t)lino_q10_saturated(found[i] + added);
            }
        }
    }
}
