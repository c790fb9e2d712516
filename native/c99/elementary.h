/* exp, log, sigmoid, tanh and exponents by plain arithmetic in a fixed order: src/linocut/ops/elementary.py. */
#ifndef LINO_ELEMENTARY_H
#define LINO_ELEMENTARY_H

#include "c99.h"

#define LINO_LN2_HIGH 0.693147180369123816490
#define LINO_LN2_LOW 1.90821492927058770002e-10
#define LINO_EXP_LEAST (-700.0)

/* e^x for x <= 0; 2^k is put together from its bits, k being far from where numbers become subnormal. */
static inline double lino_exp(double value) {
    static const double series[14] = {1.0,
                                      1.0,
                                      1.0 / 2.0,
                                      1.0 / 6.0,
                                      1.0 / 24.0,
                                      1.0 / 120.0,
                                      1.0 / 720.0,
                                      1.0 / 5040.0,
                                      1.0 / 40320.0,
                                      1.0 / 362880.0,
                                      1.0 / 3628800.0,
                                      1.0 / 39916800.0,
                                      1.0 / 479001600.0,
                                      1.0 / 6227020800.0};
    const double x = value >= LINO_EXP_LEAST ? value : LINO_EXP_LEAST; /* also for what is not a number */
    const double k = floor(x * 1.4426950408889634 + 0.5);
    const double r = (x - k * LINO_LN2_HIGH) - k * LINO_LN2_LOW;
    double total = series[13], power;
    uint64_t bits;
    int n;
    for (n = 12; n >= 0; --n) total = total * r + series[n];
    bits = (uint64_t)((int32_t)k + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return value >= LINO_EXP_LEAST ? total * power : value < LINO_EXP_LEAST ? 0.0 : value;
}

/* ln x for 1 <= x < 2^1023; not a number for what is none. */
static inline double lino_log(double x) {
    double mantissa, z, square, total, found;
    uint64_t bits;
    int32_t exponent;
    int n;
    memcpy(&bits, &x, sizeof bits);
    exponent = (int32_t)(bits >> 52) - 1022;
    bits = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1022 << 52;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa < 0.7071067811865476) {
        mantissa *= 2.0;
        exponent -= 1;
    }
    z = (mantissa - 1.0) / (mantissa + 1.0);
    square = z * z;
    total = 1.0 / 21.0;
    for (n = 9; n >= 0; --n) total = total * square + 1.0 / (double)(2 * n + 1);
    found = 2.0 * z * total + (double)exponent * (LINO_LN2_HIGH + LINO_LN2_LOW);
    return x < HUGE_VAL ? found : x - x;
}

/* 1 / (1 + e^-x), given e^-|x|. */
static inline double lino_logistic(double x, double power) {
    const double found = (x >= 0.0 ? 1.0 : power) / (1.0 + power);
    return x == x ? found : x;
}

/* Near 0 by its series, where 1 - e^-2x loses low bits. */
static inline double lino_tanh_of(double x) {
    const double size = fabs(x), power = lino_exp(-2.0 * size);
    const double far = (1.0 - power) / (1.0 + power), near = x * (1.0 - x * x * (1.0 / 3.0));
    const double found = size < 1.0 / 4096.0 ? near : x < 0.0 ? -far : far;
    return x == x ? found : x;
}

static inline double lino_half_up(double x) { return floor(x + 0.5); }

/* floor(x + 1/2) within [low, high]; low for what is not a number. */
static inline int32_t lino_rounded(double x, double low, double high) {
    const double below = x < high ? x : x == x ? high : low;
    return (int32_t)lino_half_up(below > low ? below : low);
}

/* The k with x = f 2^k, 1/2 <= f < 1; 0 unless x is positive and finite. */
static inline int lino_binary_exponent(double x) {
    int k = 0;
    if (x > 0.0 && x < HUGE_VAL) (void)frexp(x, &k);
    return k;
}

#endif
