/* sigmoid_gradient: dx = dy (y (1 - y)) (src/linocut/ops/activation.py). */
#include "c99.h"

void lino_sigmoid_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands, *dx = call->operands + 2;
    lino_size at;
    for (at = 0; at < dy->rows * dy->cols; ++at) {
        const float out = lino_float(call->operands + 1, at);
        lino_store(dx, at, lino_float(dy, at) * (out * (1.0f - out)));
    }
}
