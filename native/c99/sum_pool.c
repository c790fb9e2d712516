/* sum_pool: the sum over each window of height x width, windows side by side (src/linocut/ops/sum_pool.py). */
#include "c99.h"

static void store_sum(const lino_operand* y, lino_size at, int64_t exact, float sum) {
    if (y->format == LINO_I16) {
        ((int16_t*)y->data)[at] = (int16_t)exact;
    } else if (y->format == LINO_I32) {
        ((int32_t*)y->data)[at] = (int32_t)exact;
    } else {
        lino_store(y, at, sum);
    }
}

void lino_sum_pool(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const lino_size rows = (lino_size)x->shape[1], columns = (lino_size)x->shape[2];
    const lino_size out_rows = (lino_size)y->shape[1], out_columns = (lino_size)y->shape[2];
    const lino_size height = (lino_size)call->attributes[0], width = (lino_size)call->attributes[1];
    const int whole = lino_is_integer(x);
    lino_size b, i, j, c, p, q, at = 0;
    for (b = 0; b < (lino_size)x->shape[0]; ++b) {
        for (i = 0; i < out_rows; ++i) {
            for (j = 0; j < out_columns; ++j) {
                for (c = 0; c < y->cols; ++c, ++at) {
                    int64_t exact = 0;
                    float sum = 0.0f;
                    for (p = 0; p < height; ++p) {
                        for (q = 0; q < width; ++q) {
                            const lino_size pixel = (b * rows + i * height + p) * columns + j * width + q;
                            if (whole)
                                exact += lino_integer(x, pixel * x->cols + c);
                            else
                                sum += lino_float(x, pixel * x->cols + c);
                        }
                    }
                    store_sum(y, at, exact, sum);
                }
            }
        }
    }
}
