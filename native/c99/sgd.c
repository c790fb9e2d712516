/* sgd: stochastic gradient descent with momentum, on floats or in fixed point (src/linocut/ops/sgd.py). */
#include "sgd.h"

#include "updates.h"

enum { W, M, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { MOMENTUM, SCALE, CLIP, SALT, DECAY, NESTEROV };

static int64_t floats(const lino_call* call) {
    const lino_operand *all = call->operands, *w = all + W;
    const double* a = call->attributes;
    const lino_shares shares = lino_shares_of(all + DW, all + MICRO, a[MOMENTUM], 1.0);
    const float rate = (float)lino_doubles(all + CONTROL)[LINO_RATE], momentum = (float)a[MOMENTUM];
    const float decay = (float)a[DECAY], clip = (float)a[CLIP];
    const int decays = a[DECAY] != 0.0 && shares.moves;
    const uint32_t key = lino_step_key(lino_random_state(all + RANDOM), a[SALT]);
    int64_t flips = 0;
    lino_size row, column;
    if (!shares.due) return 0;
    for (row = 0; row < w->rows; ++row) {
        for (column = 0; column < w->cols; ++column) {
            const lino_size at = row * w->cols + column;
            const float weight = lino_float(w, at);
            float g = lino_gradient(all + DW, row, column, (float)a[SCALE]), share = g * shares.fresh, moment;
            if (decays) {
                g += decay * weight;
                share += decay * weight;
            }
            moment = lino_float(all + M, at) * shares.kept + share;
            lino_store(all + M, at, moment);
            if (!shares.moves) continue;
            moment = a[NESTEROV] != 0.0 ? g + momentum * moment : moment;
            flips += lino_store_weight(w, row, column, weight - rate * moment, clip, key);
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
