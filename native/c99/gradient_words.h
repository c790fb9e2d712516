/* What an exact integer gradient of up to 64 weights side by side becomes: its sign, or q7 in units of the word's
   standard deviation (src/linocut/ops/fixed_point.py). */
#ifndef LINO_GRADIENT_WORDS_H
#define LINO_GRADIENT_WORDS_H

#include "c99.h"

/* 127 / (3 sqrt(pi / 2)) */
#define LINO_Q7_OF_SPREAD (127.0 / (3.0 * 1.2533141373155003))

/* By what the gradients of a word become q7, `size` being the sum of their sizes. */
static inline float lino_unit_of_word(int64_t size, lino_size n) {
    return (float)(size > 0 ? LINO_Q7_OF_SPREAD * (double)n / (double)size : 0.0);
}

static inline int8_t lino_mantissa(float gradient, float unit) {
    const float scaled = gradient * unit;
    if (scaled <= -127.0f) return -127;
    return (int8_t)((int32_t)((scaled < 127.0f ? scaled : 127.0f) + 128.5f) - 128);
}

/* Gradients times a unit as integers: with 8 bits of fraction the product is known, and rounds to the mantissa of
   floats unless it is so near to a half that their roundings decide, which are less than 2^-16. */
typedef struct lino_scaling {
    float unit;
    uint32_t mantissa; /* of the unit */
    int shift;
    uint64_t limit; /* from which on a product is 127 */
} lino_scaling;

static inline lino_scaling lino_scaling_of(float unit) {
    const uint32_t bits = lino_float_as_bits(unit);
    lino_scaling scaling;
    scaling.unit = unit;
    scaling.mantissa = (bits & 0x7FFFFFu) | 0x800000u;
    scaling.shift = 142 - (int)(bits >> 23); /* from 4 to 41, as a unit is 34 n over the sum of n sizes */
    scaling.limit = (uint64_t)(127 << 8) << scaling.shift;
    return scaling;
}

static inline int8_t lino_scaled(const lino_scaling* scaling, int32_t gradient) {
    const uint32_t size = gradient < 0 ? 0u - (uint32_t)gradient : (uint32_t)gradient;
    const uint64_t product = (uint64_t)size * scaling->mantissa;
    uint32_t fixed;
    int32_t found;
    if (product >= scaling->limit) return (int8_t)(gradient < 0 ? -127 : 127);
    fixed = (uint32_t)(product >> scaling->shift);
    if (((fixed + 1) & 0xFEu) == 0x80u) return lino_mantissa((float)gradient, scaling->unit);
    found = (int32_t)((fixed + 128) >> 8);
    return (int8_t)(gradient < 0 ? -found : found);
}

/* In q7, or its signs as q7. */
static inline void lino_in_q7(const int32_t* gradients, lino_size n, int by_sign, int8_t* out) {
    lino_scaling scaling;
    int64_t size = 0;
    lino_size c;
    if (by_sign) {
        for (c = 0; c < n; ++c) out[c] = (int8_t)(gradients[c] >= 0 ? 127 : -127);
        return;
    }
    for (c = 0; c < n; ++c) size += gradients[c] < 0 ? -(int64_t)gradients[c] : gradients[c];
    if (size == 0) {
        memset(out, 0, (size_t)n);
        return;
    }
    scaling = lino_scaling_of(lino_unit_of_word(size, n));
    for (c = 0; c < n; ++c) out[c] = lino_scaled(&scaling, gradients[c]);
}

/* The same of gradients that 32 bits may not hold. */
static inline void lino_wide_in_q7(const int64_t* gradients, lino_size n, int by_sign, int8_t* out) {
    int64_t size = 0;
    float unit;
    lino_size c;
    for (c = 0; c < n && !by_sign; ++c) size += gradients[c] < 0 ? -gradients[c] : gradients[c];
    unit = lino_unit_of_word(size, n);
    for (c = 0; c < n; ++c)
        out[c] = by_sign ? (int8_t)(gradients[c] >= 0 ? 127 : -127) : lino_mantissa((float)gradients[c], unit);
}

/* A word of a dW in bits or q7, from q7. */
static inline void lino_store_word(const int8_t* mantissas, lino_size n, const lino_operand* dw, lino_size row,
                                   lino_size first) {
    uint32_t words[2] = {0, 0};
    lino_size c;
    if (dw->format == LINO_Q7) {
        memcpy((int8_t*)dw->data + row * dw->cols + first, mantissas, (size_t)n);
        return;
    }
    for (c = 0; c < n; ++c) words[c >> 5] |= (uint32_t)(mantissas[c] > 0) << (c & 31);
    memcpy(lino_bits(dw, row) + first / 32, words, sizeof words);
}

#endif
