/* q10_outputs: a dense layer over frames, or over sums of them, divided once (src/linocut/ops/q10_frames.py). */
#include "q10.h"

enum { LINO_MOST_FRAMES = 65535 };

void lino_q10_outputs(const lino_call* call) {
    const lino_operand *x = call->operands, *frames = call->operands + 1, *weights = call->operands + 2;
    const lino_operand *bias = call->operands + 3, *y = call->operands + 4;
    const int point = (int)call->attributes[0];
    lino_size row, o, c;
    for (row = 0; row < x->rows; ++row) {
        const int32_t count =
            frames->data == NULL ? 1 : lino_clamp(((const int32_t*)frames->data)[row], 1, LINO_MOST_FRAMES);
        const int64_t by = (int64_t)count << point;
        for (o = 0; o < y->cols; ++o) {
            int64_t total = lino_shorts(bias)[o] * ((int64_t)1 << point) * count, found;
            for (c = 0; c < x->cols; ++c)
                total += (int64_t)lino_integer(x, row * x->cols + c) * lino_shorts(weights)[o * x->cols + c];
            found = 2 * total + by;
            found = found / (2 * by) - (found % (2 * by) < 0);
            found = lino_clamp_wide(found, -2147483647 - 1, 2147483647);
            if (y->format == LINO_I32)
                ((int32_t*)y->data)[row * y->cols + o] = (int32_t)found;
            else
                ((float*)y->data)[row * y->cols + o] = (float)(int32_t)found / 1024.0f;
        }
    }
}
