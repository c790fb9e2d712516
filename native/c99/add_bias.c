/* add_bias: y <- y + bias, by channel (src/linocut/ops/add_bias.py). */
#include "c99.h"

void lino_add_bias(const lino_call* call) {
    const lino_operand *y = call->operands, *bias = call->operands + 1;
    lino_size row, channel;
    for (row = 0; row < y->rows; ++row)
        for (channel = 0; channel < y->cols; ++channel)
            lino_store(y, row * y->cols + channel, lino_float(y, row * y->cols + channel) + lino_float(bias, channel));
}
