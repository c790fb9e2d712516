/* How fixed-point weights move under adam; its attributes are beta1 beta2 epsilon gradient_scale clip salt. */
#ifndef LINO_ADAM_H
#define LINO_ADAM_H

#include "fixed_point.h"

/* The one of a gradient in q7 is three standard deviations, that of a sign is one. */
static inline lino_step lino_adam_step(const lino_operand* w, const lino_operand* control, const lino_operand* random,
                                       const lino_operand* micro, const double* a, int signs) {
    const double* clock = lino_doubles(control);
    const double rate = clock[LINO_RATE] / (1.0 - clock[LINO_BETA1_POWER]) * (signs ? 1.0 : 3.0);
    return lino_step_of(w, a[0], rate, a[4], micro, random, a[5], 0);
}

#endif
