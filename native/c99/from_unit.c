/* from_unit: gradients of parameters in units of 1 (src/linocut/ops/gradient_unit.py). */
#include "gradient_unit.h"

void lino_from_unit(const lino_call* call) {
    const lino_operand* x = call->operands;
    const int exponent = lino_unit_exponent(call->operands + 1);
    float* values = (float*)x->data;
    lino_size i;
    for (i = 0; i < x->rows * x->cols; ++i) values[i] = (float)ldexp((double)values[i], exponent);
}
