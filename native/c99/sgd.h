/* How fixed-point weights move under sgd; its attributes are momentum gradient_scale clip salt decay nesterov. */
#ifndef LINO_SGD_H
#define LINO_SGD_H

#include "fixed_point.h"

/* The one of a gradient in q7 is three standard deviations, that of a sign is one. */
static inline lino_step lino_sgd_step(const lino_operand* w, const lino_operand* control, const lino_operand* random,
                                      const lino_operand* micro, const double* a, int signs) {
    const double rate = lino_doubles(control)[LINO_RATE] * a[1] / (1.0 - a[0]) * (signs ? 1.0 : 3.0);
    return lino_step_of(w, a[0], rate, a[2], micro, random, a[3], a[5] != 0.0);
}

#endif
