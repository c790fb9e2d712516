/* scale_gradient: the gradient of a scale mean|w| is added to that of latent weights
   (src/linocut/ops/scale_gradient.py). */
#include "levels.h"

enum { DW, W, SCALE };

/* The level of a weight, an odd integer. */
static float level_of(float w, int planes) {
    const int32_t most = lino_largest_level(planes);
    int32_t code = 0, b;
    if (planes == 1) return w >= 0.0f ? 1.0f : -1.0f;
    for (b = 0; b < most; ++b) code += w >= lino_float_boundary(planes, b, 1.0);
    return (float)(2 * code - most);
}

void lino_scale_gradient(const lino_call* call) {
    const lino_operand *dw = call->operands + DW, *w = call->operands + W, *scale = call->operands + SCALE;
    const int planes = (int)call->attributes[0];
    lino_size row, i;
    for (row = 0; row < dw->rows; ++row) {
        const double by = (double)lino_float(scale, row) * (double)dw->cols * (double)lino_largest_level(planes);
        const lino_size first = row * dw->cols;
        double sum = 0.0;
        float mean;
        for (i = 0; i < dw->cols; ++i)
            sum += (double)level_of(lino_float(w, first + i), planes) * (double)lino_float(dw, first + i);
        mean = by > 0.0 ? (float)(sum / by) : 0.0f;
        for (i = 0; i < dw->cols; ++i) {
            const float value = lino_float(w, first + i), sign = value > 0.0f ? 1.0f : value < 0.0f ? -1.0f : 0.0f;
            lino_store(dw, first + i, lino_float(dw, first + i) + sign * mean);
        }
    }
}
