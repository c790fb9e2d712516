/* q10_quantise: y = sat(rint(1024 x)) (src/linocut/ops/q10_frames.py). */
#include "q10.h"

/* The nearest whole number, of two the even one. */
static int32_t lino_nearest(double value) {
    const double below = floor(value), beyond = value - below;
    const int32_t whole = (int32_t)below;
    return whole + (beyond > 0.5 || (beyond == 0.5 && (whole & 1) != 0));
}

void lino_q10_quantise(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    lino_size at;
    for (at = 0; at < x->rows * x->cols; ++at) {
        const float value = ((const float*)x->data)[at];
        const double scaled = (double)value * 1024.0;
        const double held = value != value ? 0.0 : scaled < -32768.0 ? -32768.0 : scaled > 32767.0 ? 32767.0 : scaled;
        lino_shorts(y)[at] = (int16_t)lino_nearest(held);
    }
}
