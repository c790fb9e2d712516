/* norm_apply: x = (y - mu) / divisor + beta, in floats (src/linocut/ops/norm_apply.py). */
#include "norm.h"

enum { Y, STATS, BETA, X };

void lino_norm_apply(const lino_call* call) {
    const lino_operand *all = call->operands, *y = all + Y;
    lino_size row, channel;
    for (channel = 0; channel < y->cols; ++channel) {
        const lino_line line = lino_line_of(all + STATS, all + BETA, channel, call->attributes[0]);
        for (row = 0; row < y->rows; ++row) {
            const lino_size at = row * y->cols + channel;
            lino_store(all + X, at, lino_normalised(&line, lino_float(y, at)));
        }
    }
}
