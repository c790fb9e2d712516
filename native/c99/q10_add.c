/* q10_add: y = sat(a + b) (src/linocut/ops/q10_frames.py). */
#include "q10.h"

void lino_q10_add(const lino_call* call) {
    const lino_operand *a = call->operands, *b = call->operands + 1, *y = call->operands + 2;
    lino_size at;
    for (at = 0; at < a->rows * a->cols; ++at)
        lino_shorts(y)[at] = (int16_t)lino_q10_saturated(lino_shorts(a)[at] + lino_shorts(b)[at]);
}
