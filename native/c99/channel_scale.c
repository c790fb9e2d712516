/* channel_scale: the mean of |w| of each output (src/linocut/ops/numbers.py). */
#include "c99.h"

void lino_channel_scale(const lino_call* call) {
    const lino_operand *weights = call->operands, *scale = call->operands + 1;
    const lino_size count = weights->rows * weights->cols / scale->cols;
    const double one = weights->format == LINO_Q15 ? 32767.0 : weights->format == LINO_Q7 ? 127.0 : 1.0;
    lino_size output, k;
    for (output = 0; output < scale->cols; ++output) {
        double sum = 0.0;
        for (k = 0; k < count; ++k) sum += fabs((double)lino_float(weights, output * count + k));
        lino_store(scale, output, (float)(sum / ((double)count * one)));
    }
}
