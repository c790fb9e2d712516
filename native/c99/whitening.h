/* The matrices [[rr, ri], [ir, ii]] of whitened complex channels (src/linocut/ops/whitening.py). */
#ifndef LINO_WHITENING_H
#define LINO_WHITENING_H

#include "norm.h"

typedef struct lino_white {
    double rr, ri, ir, ii;
} lino_white;

static inline lino_white lino_white_times(lino_white a, lino_white b) {
    lino_white c;
    c.rr = a.rr * b.rr + a.ri * b.ir;
    c.ri = a.rr * b.ri + a.ri * b.ii;
    c.ir = a.ir * b.rr + a.ii * b.ir;
    c.ii = a.ir * b.ri + a.ii * b.ii;
    return c;
}

static inline void lino_white_mean(const lino_operand* mean, lino_size channel, double re, double im) {
    lino_store(mean, channel, (float)re);
    lino_store(mean, mean->cols / 2 + channel, (float)im);
}

#endif
