/* square_sum: the squares of a gradient, added to a sum in 64 lanes (src/linocut/ops/clip_gradients.py). */
#include "micro_batch.h"

enum { DW, SUM, MICRO };

void lino_square_sum(const lino_call* call) {
    const lino_operand* dw = call->operands + DW;
    double lanes[64], *sum = lino_doubles(call->operands + SUM), total = call->attributes[0] != 0.0 ? 0.0 : *sum;
    lino_size at;
    int lane;
    if (!lino_last(lino_micro_batch(call->operands + MICRO))) return;
    for (lane = 0; lane < 64; ++lane) lanes[lane] = 0.0;
    for (at = 0; at < dw->rows * dw->cols; ++at) {
        const double value = lino_double(dw, at);
        lanes[at % 64] += value * value;
    }
    for (lane = 0; lane < 64; ++lane) total += lanes[lane];
    *sum = total;
}
