/* What recurrent kernels share: gates in any format, and the order of steps. */
#ifndef LINO_GATES_H
#define LINO_GATES_H

#include "circulant.h"
#include "elementary.h"

static inline float lino_sigmoid_of(float x) { return (float)lino_logistic((double)x, lino_exp(-fabs((double)x))); }
static inline float lino_hyperbolic(float x) { return (float)lino_tanh_of((double)x); }

static inline float lino_gate(const lino_operand* of, lino_size index) {
    const float stored = lino_float(of, index);
    return of->format == LINO_Q7 ? stored / 127.0f : of->format == LINO_Q15 ? stored / 32767.0f : stored;
}

static inline void lino_store_gate(const lino_operand* to, lino_size index, float value) {
    if (!to->data) return;
    if (to->format == LINO_Q7)
        lino_store_integer(to, index, (int32_t)floorf(value * 127.0f + 0.5f));
    else if (to->format == LINO_Q15)
        lino_store_integer(to, index, (int32_t)floorf(value * 32767.0f + 0.5f));
    else
        lino_store(to, index, value);
}

/* Rows of an operand (batch, steps, ...) from the end of sequence b on: made 0. */
static inline void lino_clear_end(const lino_operand* of, lino_size b, lino_size length) {
    const lino_size steps = lino_steps(of);
    lino_size bytes = of->format == LINO_Q7 ? 1 : of->format == LINO_F16 || of->format == LINO_Q15 ? 2 : 4;
    bytes *= of->cols;
    memset((uint8_t*)of->data + (b * steps + length) * bytes, 0, (size_t)((steps - length) * bytes));
}

#endif
