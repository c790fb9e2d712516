/* q10_frame_sums: the sum over the frames of each sequence, modulo 2^32 (src/linocut/ops/q10_frames.py). */
#include "q10.h"

static void lino_add_frame(int32_t* sum, const int16_t* frame, lino_size count) {
    lino_size c;
    for (c = 0; c < count; ++c) {
        const uint32_t before = (uint32_t)sum[c], more = (uint32_t)(int32_t)frame[c];
        sum[c] = (int32_t)(before + more);
    }
}

void lino_q10_frame_sums(const lino_call* call) {
    const lino_operand *x = call->operands, *lengths = call->operands + 1, *sums = call->operands + 2;
    const lino_size batch = x->shape[0], frames = x->shape[1], channels = sums->cols;
    lino_size b, t;
    for (b = 0; b < batch; ++b) {
        int32_t* sum = (int32_t*)sums->data + b * channels;
        const int32_t given = lengths->data == NULL ? (int32_t)frames : ((const int32_t*)lengths->data)[b];
        const lino_size ends = lino_least(given, frames);
        if (call->attributes[0] != 0) memset(sum, 0, (size_t)channels * sizeof(int32_t));
        for (t = 0; t < ends; ++t) lino_add_frame(sum, lino_shorts(x) + (b * frames + t) * channels, channels);
    }
}
