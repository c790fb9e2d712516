/* tanh: y = tanh x (src/linocut/ops/activation.py). */
#include "elementary.h"

void lino_tanh(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    lino_size at;
    for (at = 0; at < x->rows * x->cols; ++at) lino_store(y, at, (float)lino_tanh_of((double)lino_float(x, at)));
}
