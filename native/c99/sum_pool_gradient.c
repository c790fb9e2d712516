/* sum_pool_gradient: the gradient of a window's sum to each of its inputs (src/linocut/ops/sum_pool.py). */
#include "c99.h"

void lino_sum_pool_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands, *dx = call->operands + 1;
    const lino_size rows = (lino_size)dx->shape[1], columns = (lino_size)dx->shape[2];
    const lino_size out_rows = (lino_size)dy->shape[1], out_columns = (lino_size)dy->shape[2];
    const lino_size height = (lino_size)call->attributes[0], width = (lino_size)call->attributes[1];
    const size_t size = dy->format == LINO_I4   ? (size_t)((dy->cols + 1) / 2)
                        : dy->format == LINO_I8 ? (size_t)dy->cols
                                                : (size_t)dy->cols * (dy->format == LINO_F16 ? 2 : 4);
    uint8_t* to = (uint8_t*)dx->data;
    lino_size b, r, c;
    for (b = 0; b < (lino_size)dx->shape[0]; ++b) {
        for (r = 0; r < rows; ++r) {
            for (c = 0; c < columns; ++c, to += size) {
                const lino_size i = r / height, j = c / width;
                if (i < out_rows && j < out_columns)
                    memcpy(to, (const uint8_t*)dy->data + (size_t)((b * out_rows + i) * out_columns + j) * size, size);
                else
                    memset(to, 0, size);
            }
        }
    }
}
