/* sgd: stochastic gradient descent with momentum, on floats or in fixed point (src/linocut/ops/sgd.py). */
#include "sgd.h"

enum { W, M, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { MOMENTUM, SCALE };

static int64_t floats(const lino_call* call) {
    const lino_operand *all = call->operands, *w = all + W;
    const double* a = call->attributes;
    const lino_shares shares = lino_shares_of(all + DW, all + MICRO, a[MOMENTUM], 1.0);
    const lino_float_sgd step = lino_float_sgd_of(all + CONTROL, all + RANDOM, shares, a);
    int64_t flips = 0;
    lino_size row, column;
    if (!shares.due) return 0;
    for (row = 0; row < w->rows; ++row) {
        for (column = 0; column < w->cols; ++column) {
            const float g = lino_gradient(all + DW, row, column, (float)a[SCALE]);
            flips += lino_float_sgd_move(&step, w, all + M, row, column, g);
        }
    }
    return flips;
}

void lino_sgd(const lino_call* call) {
    const lino_operand* all = call->operands;
    const double* a = call->attributes;
    lino_step step;
    int64_t flips;
    if (!lino_is_fixed(all + W)) {
        flips = floats(call);
    } else {
        step = lino_sgd_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, a, all[DW].format == LINO_BIT);
        flips = lino_move_all(&step, all + W, all + M, all + DW);
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
