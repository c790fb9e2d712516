/* norm_apply: x = (y - mu) / divisor + beta, in floats, what is not above 0 left out if a ReLU follows,
   plus `more` (src/linocut/ops/norm_apply.py). */
#include "norm.h"

enum { Y, STATS, BETA, MORE, X };
enum { NORM, RELU };

void lino_norm_apply(const lino_call* call) {
    const lino_operand *all = call->operands, *y = all + Y;
    lino_size row, channel;
    for (channel = 0; channel < y->cols; ++channel) {
        const lino_line line = lino_line_of(all + STATS, all + BETA, channel, call->attributes[NORM]);
        for (row = 0; row < y->rows; ++row) {
            const lino_size at = row * y->cols + channel;
            float x = lino_normalised(&line, lino_float(y, at));
            if (call->attributes[RELU] != 0.0) x = x > 0.0f ? x : 0.0f;
            if (all[MORE].data) x += lino_float(all + MORE, at);
            lino_store(all + X, at, x);
        }
    }
}
