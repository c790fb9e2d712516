/* scale_channels: y = x scale, by channel (src/linocut/ops/numbers.py). */
#include "c99.h"

void lino_scale_channels(const lino_call* call) {
    const lino_operand *x = call->operands, *scale = call->operands + 1, *y = call->operands + 2;
    lino_size row, channel;
    for (row = 0; row < x->rows; ++row)
        for (channel = 0; channel < x->cols; ++channel)
            lino_store(y, row * x->cols + channel, lino_float(x, row * x->cols + channel) * lino_float(scale, channel));
}
