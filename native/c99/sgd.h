/* How weights move under sgd; its attributes are momentum gradient_scale clip salt decay nesterov. */
#ifndef LINO_SGD_H
#define LINO_SGD_H

#include "updates.h"

/* The one of a gradient in q7 is three standard deviations, that of a sign is one. */
static inline lino_step lino_sgd_step(const lino_operand* w, const lino_operand* control, const lino_operand* random,
                                      const lino_operand* micro, const double* a, int signs) {
    const double rate = lino_doubles(control)[LINO_RATE] * a[1] / (1.0 - a[0]) * (signs ? 1.0 : 3.0);
    return lino_step_of(w, a[0], rate, a[2], micro, random, a[3], a[5] != 0.0);
}

typedef struct lino_float_sgd {
    lino_shares shares;
    float rate, momentum, decay, clip;
    int decays, ahead;
    uint32_t key;
} lino_float_sgd;

static inline lino_float_sgd lino_float_sgd_of(const lino_operand* control, const lino_operand* random,
                                               lino_shares shares, const double* a) {
    lino_float_sgd step;
    step.shares = shares;
    step.rate = (float)lino_doubles(control)[LINO_RATE];
    step.momentum = (float)a[0];
    step.clip = (float)a[2];
    step.decay = (float)a[4];
    step.decays = a[4] != 0.0 && shares.moves;
    step.ahead = a[5] != 0.0;
    step.key = lino_step_key(lino_random_state(random), a[3]);
    return step;
}

/* One weight in floats along its gradient; returns whether its sign changed. */
static inline int lino_float_sgd_move(const lino_float_sgd* step, const lino_operand* w, const lino_operand* m,
                                      lino_size row, lino_size column, float g) {
    const lino_size at = row * w->cols + column;
    const float weight = lino_float(w, at);
    float share = g * step->shares.fresh, moment;
    if (step->decays) {
        g += step->decay * weight;
        share += step->decay * weight;
    }
    moment = lino_float(m, at) * step->shares.kept + share;
    lino_store(m, at, moment);
    if (!step->shares.moves) return 0;
    moment = step->ahead ? g + step->momentum * moment : moment;
    return lino_store_weight(w, row, column, weight - step->rate * moment, step->clip, step->key);
}

#endif
