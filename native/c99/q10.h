/* Q5.10: int16 with 10 fractional bits (src/linocut/ops/q10.py). */
#ifndef LINO_Q10_H
#define LINO_Q10_H

#include "c99.h"

/* floor((v + 2^(n - 1)) / 2^n). */
static inline int32_t lino_q10_shift(int32_t value, int bits) {
    return bits == 0 ? value : (value + ((int32_t)1 << (bits - 1))) >> bits;
}

static inline int32_t lino_q10_saturated(int32_t value) { return lino_clamp(value, -32768, 32767); }

static inline int16_t* lino_shorts(const lino_operand* one) { return (int16_t*)one->data; }

#endif
