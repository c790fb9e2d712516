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

/* In q7, or its signs as q7. */
static inline void lino_in_q7(const int32_t* gradients, lino_size n, int by_sign, int8_t* out) {
    int64_t size = 0;
    float unit;
    lino_size c;
    for (c = 0; c < n && !by_sign; ++c) size += gradients[c] < 0 ? -(int64_t)gradients[c] : gradients[c];
    unit = lino_unit_of_word(size, n);
    for (c = 0; c < n; ++c)
        out[c] = by_sign ? (int8_t)(gradients[c] >= 0 ? 127 : -127) : lino_mantissa((float)gradients[c], unit);
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
