/* sequence_pool_gradient: to each step its share, or all to the last (src/linocut/ops/sequences.py). */
#include "circulant.h"

void lino_sequence_pool_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands, *lengths = dy + 1, *dx = dy + 2;
    const lino_size steps = lino_steps(dx);
    const int last = call->attributes[0] != 0.0;
    lino_size row, c;
    for (row = 0; row < dx->rows; ++row) {
        const lino_size b = row / steps, t = row % steps, length = lino_length(lengths, b, steps);
        const int takes = last ? t == length - 1 : t < length;
        const float count = last || length < 2 ? 1.0f : (float)length;
        for (c = 0; c < dx->cols; ++c)
            lino_store(dx, row * dx->cols + c, takes ? lino_float(dy, b * dy->cols + c) / count : 0.0f);
    }
}
