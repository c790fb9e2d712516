/* The memory of an integer dX or dY, from which the exponent of the next step's is decided
   (src/linocut/ops/gradient_exponent.py). */
#ifndef LINO_GRADIENT_SCALE_H
#define LINO_GRADIENT_SCALE_H

#include "c99.h"

enum { LINO_KNOWN, LINO_EXPONENT, LINO_SHIFT, LINO_LARGEST, LINO_SATURATED, LINO_NEAR_LIMIT };

#define LINO_SOUND ((int64_t)1 << 40) /* no exponent is larger; what a damaged arena holds is brought within it */

/* What a mantissa that saturates passes: of i4, whose numbers are taken as floor(2 x), twice the largest level. */
static inline int32_t lino_most_mantissa(const lino_operand* one) {
    return one->format == LINO_I4 ? 2 * LINO_MOST_LEVEL : one->format == LINO_I8 ? 127 : 32767;
}

/* 1 where too many of the last step's elements saturated, -1 where half the range would have done, else 0. */
static inline int64_t lino_overflow_trend(const int64_t* state, int64_t elements, int64_t bits) {
    const int64_t few = elements / (bits == 5 ? 256 : 8192);
    return state[LINO_SATURATED] > few ? 1 : state[LINO_NEAR_LIMIT] <= few ? -1 : 0;
}

static inline int64_t lino_last_exponent(const int64_t* state) {
    return lino_clamp_wide(state[LINO_EXPONENT], -LINO_SOUND, LINO_SOUND);
}

/* Keeps what was decided; nothing is noted yet. */
static inline void lino_begin_step(int64_t* state, int64_t exponent, int64_t shift) {
    state[LINO_KNOWN] = 1;
    state[LINO_EXPONENT] = exponent;
    state[LINO_SHIFT] = shift;
    state[LINO_LARGEST] = state[LINO_SATURATED] = state[LINO_NEAR_LIMIT] = 0;
}

/* The exponent of mantissas that were shifted right; one that no int holds wraps. */
static inline void lino_store_exponent(const lino_operand* to, const lino_operand* from, int32_t shift) {
    *(uint32_t*)to->data = *(const uint32_t*)from->data + (uint32_t)shift;
}

/* Exact sums, rounded to mantissas of dX. */
typedef struct lino_rounding {
    int32_t shift, limit, largest, saturated, near;
} lino_rounding;

static inline lino_rounding lino_rounding_of(const lino_operand* dx, const lino_operand* dy_exponent,
                                             const lino_operand* dx_exponent) {
    const int64_t shift = (int64_t)*(const int32_t*)dx_exponent->data - *(const int32_t*)dy_exponent->data;
    lino_rounding rounding = {0, 0, 0, 0, 0};
    rounding.shift = (int32_t)lino_clamp_wide(shift, 0, 30);
    rounding.limit = lino_most_mantissa(dx);
    return rounding;
}

/* A number as floor(x + 1/2), of i4 as floor(2 x). */
static inline void lino_store_mantissa(lino_rounding* rounding, const lino_operand* to, lino_size at, int32_t number) {
    const int32_t size = number < 0 ? -number : number;
    rounding->saturated += size > rounding->limit;
    rounding->near += size > rounding->limit / 2;
    if (to->format == LINO_I4)
        lino_store_nibble(to, at, lino_code_of(number));
    else
        lino_store_integer(to, at, lino_clamp(number, -rounding->limit, rounding->limit));
}

static inline void lino_round_sum(lino_rounding* rounding, const lino_operand* dx, lino_size at, int32_t sum) {
    const int32_t whole = sum < 0 ? -sum : sum;
    if (whole > rounding->largest) rounding->largest = whole;
    lino_store_mantissa(
        rounding, dx, at,
        dx->format == LINO_I4 ? 2 * sum >> rounding->shift : (sum + ((1 << rounding->shift) >> 1)) >> rounding->shift);
}

static inline void lino_note(const lino_rounding* rounding, const lino_operand* scale) {
    int64_t* state = lino_longs(scale);
    if (state[LINO_LARGEST] < rounding->largest) state[LINO_LARGEST] = rounding->largest;
    lino_count(state, LINO_SATURATED, rounding->saturated);
    lino_count(state, LINO_NEAR_LIMIT, rounding->near);
}

#endif
