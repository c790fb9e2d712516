/* sigmoid: y = 1 / (1 + e^-x) (src/linocut/ops/activation.py). */
#include "elementary.h"

void lino_sigmoid(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    lino_size at;
    for (at = 0; at < x->rows * x->cols; ++at) {
        const double given = (double)lino_float(x, at);
        lino_store(y, at, (float)lino_logistic(given, lino_exp(-fabs(given))));
    }
}
