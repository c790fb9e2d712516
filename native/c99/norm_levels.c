/* norm_levels: the least integer y of each level but the lowest, by channel (src/linocut/ops/norm_levels.py). */
#include "levels.h"
#include "norm.h"

enum { STATS, BETA, LEAST };

#define LIMIT 1073741824.0 /* 2^30: thresholds fit 32 bits */

static int32_t whole(double threshold) {
    const double raised = threshold > -LIMIT ? threshold : -LIMIT;
    return (int32_t)(raised < LIMIT ? raised : LIMIT);
}

void lino_norm_levels(const lino_call* call) {
    const lino_operand *all = call->operands, *to = all + LEAST;
    const int planes = to->rows == 3 ? 2 : 4;
    int32_t* least = (int32_t*)to->data;
    lino_size channel;
    int32_t code;
    for (channel = 0; channel < to->cols; ++channel) {
        const double psi = lino_divisor(all + STATS, channel, call->attributes[0]);
        const double shift = (double)lino_channel(all + BETA, 0, channel);
        const double t = (double)lino_channel(all + STATS, 0, channel) - shift * psi;
        for (code = 0; code < (int32_t)to->rows; ++code) {
            const double at = lino_boundary(planes, code, 1.0);
            const double bound = t + at * psi;
            const int closed = lino_includes(code), reached = closed ? shift >= at : shift > at;
            double found = reached ? -LIMIT : LIMIT;
            if (psi > 0.0) found = closed ? ceil(bound) : floor(bound) + 1.0;
            least[code * to->cols + channel] = whole(found);
        }
    }
}
