/* accumulate: the float gradients of a step's micro-batches, summed to their mean (src/linocut/ops/accumulate.py). */
#include "micro_batch.h"

enum { VALUE, SUM, MICRO };

void lino_accumulate(const lino_call* call) {
    const lino_operand* value = call->operands + VALUE;
    const lino_micro part = lino_micro_batch(call->operands + MICRO);
    const float count = (float)(lino_last(part) ? part.count : 1);
    float* sum = (float*)call->operands[SUM].data;
    lino_size at;
    for (at = 0; at < value->rows * value->cols; ++at) {
        const float given = lino_float(value, at);
        sum[at] = (lino_first(part) ? given : sum[at] + given) / count;
    }
}
