/* q10_last: the last frame of each sequence, 0 where there is none (src/linocut/ops/q10_frames.py). */
#include "q10.h"

void lino_q10_last(const lino_call* call) {
    const lino_operand *x = call->operands, *lengths = call->operands + 1, *y = call->operands + 2;
    const lino_size batch = x->shape[0], frames = x->shape[1], bytes = y->cols * (lino_size)sizeof(int16_t);
    lino_size b;
    for (b = 0; b < batch; ++b) {
        const int32_t given = lengths->data == NULL ? (int32_t)frames : ((const int32_t*)lengths->data)[b];
        const lino_size ends = (lino_size)lino_clamp(given, 0, (int32_t)frames);
        int16_t* to = lino_shorts(y) + b * y->cols;
        if (ends > 0)
            memcpy(to, lino_shorts(x) + (b * frames + ends - 1) * y->cols, (size_t)bytes);
        else
            memset(to, 0, (size_t)bytes);
    }
}
