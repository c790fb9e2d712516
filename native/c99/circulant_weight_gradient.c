/* circulant_weight_gradient: the gradient of circulant blocks of weights (src/linocut/ops/circulant.py). */
#include "circulant.h"

/* Number r of block (j, i): the sum over steps of dy[i size + (c + r)] x[j size + c], around the block. */
static float sum_of(const lino_call* call, lino_size j, lino_size i, lino_size r) {
    const lino_operand *dy = call->operands, *x = dy + 1, *lengths = dy + 2, *dw = dy + 3;
    const lino_size size = dw->cols, steps = lino_steps(x), shift = (lino_size)call->attributes[0];
    const lino_size first = (lino_size)call->attributes[1] + i * size;
    float sum = 0.0f;
    lino_size row, c;
    for (row = 0; row < x->rows; ++row) {
        const lino_size length = lino_length(lengths, row / steps, steps), at = row % steps - shift;
        if (row % steps >= length || at < 0 || at >= length) continue;
        for (c = 0; c < size && j * size + c < x->cols; ++c) {
            const lino_size column = first + ((c + r) & (size - 1));
            if (column < dy->cols)
                sum += lino_float(dy, row * dy->cols + column) * lino_float(x, (row - shift) * x->cols + j * size + c);
        }
    }
    return sum;
}

void lino_circulant_weight_gradient(const lino_call* call) {
    const lino_operand* dw = call->operands + 3;
    const lino_size size = dw->cols, across = (lino_size)dw->shape[1];
    lino_size block, r;
    for (block = 0; block < dw->rows; ++block) {
        for (r = 0; r < size; ++r)
            ((float*)dw->data)[block * size + r] = sum_of(call, block / across, block % across, r);
    }
}
