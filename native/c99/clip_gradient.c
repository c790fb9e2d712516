/* clip_gradient: a gradient times most / norm, where the norm of all is above `most`
   (src/linocut/ops/clip_gradients.py). */
#include "micro_batch.h"

enum { DW, SUM, MICRO };

void lino_clip_gradient(const lino_call* call) {
    const lino_operand* dw = call->operands + DW;
    const double most = call->attributes[0], norm = sqrt(lino_doubles(call->operands + SUM)[0]);
    lino_size at;
    if (!lino_last(lino_micro_batch(call->operands + MICRO)) || !(norm > most && norm < HUGE_VAL)) return;
    for (at = 0; at < dw->rows * dw->cols; ++at) lino_store(dw, at, lino_float(dw, at) * (float)(most / norm));
}
