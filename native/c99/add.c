/* add: y = a + b (src/linocut/ops/numbers.py). */
#include "c99.h"

void lino_add(const lino_call* call) {
    const lino_operand *a = call->operands, *b = call->operands + 1, *y = call->operands + 2;
    lino_size at;
    for (at = 0; at < a->rows * a->cols; ++at) lino_store(y, at, lino_float(a, at) + lino_float(b, at));
}
