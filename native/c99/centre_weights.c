/* centre_weights: w <- w - the mean of its row, within [-1, 1] (src/linocut/ops/centre_weights.py). */
#include "micro_batch.h"

enum { W, MICRO };

static void centre_whole(const lino_operand* w, lino_size first, int32_t one) {
    int64_t sum = 0, twice, by = 2 * (int64_t)w->cols;
    int32_t mean;
    lino_size i;
    for (i = 0; i < w->cols; ++i) sum += lino_integer(w, first + i);
    twice = 2 * sum + w->cols;
    mean = (int32_t)(twice >= 0 ? twice / by : -((-twice + by - 1) / by));
    for (i = 0; i < w->cols; ++i)
        lino_store_integer(w, first + i, lino_clamp(lino_integer(w, first + i) - mean, -one, one));
}

static void centre_floats(const lino_operand* w, lino_size first) {
    double sum = 0.0;
    float mean;
    lino_size i;
    for (i = 0; i < w->cols; ++i) sum += (double)lino_float(w, first + i);
    mean = (float)(sum / (double)w->cols);
    for (i = 0; i < w->cols; ++i) {
        const float value = lino_float(w, first + i) - mean;
        lino_store(w, first + i, value < -1.0f ? -1.0f : value > 1.0f ? 1.0f : value);
    }
}

void lino_centre_weights(const lino_call* call) {
    const lino_operand* w = call->operands + W;
    lino_size row;
    if (!lino_last(lino_micro_batch(call->operands + MICRO))) return;
    for (row = 0; row < w->rows; ++row) {
        if (w->format == LINO_Q15 || w->format == LINO_Q7)
            centre_whole(w, row * w->cols, w->format == LINO_Q15 ? 32767 : 127);
        else
            centre_floats(w, row * w->cols);
    }
}
