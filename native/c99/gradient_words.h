/* What an exact integer gradient of up to 64 weights side by side becomes: its sign, or q7 in units of the word's
   standard deviation (src/linocut/ops/fixed_point.py). */
#ifndef LINO_GRADIENT_WORDS_H
#define LINO_GRADIENT_WORDS_H

#include "c99.h"

/* 127 / (3 sqrt(pi / 2)) */
#define LINO_Q7_OF_SPREAD (127.0 / (3.0 * 1.2533141373155003))

/* Of 32 bits mostly, which small devices turn into floats faster. */
static inline float lino_as_float(int64_t number) {
    return number >= INT32_MIN && number <= INT32_MAX ? (float)(int32_t)number : (float)number;
}

static inline void lino_mantissas(const int64_t* gradients, lino_size n, int8_t* out) {
    int64_t size = 0;
    float unit;
    lino_size c;
    for (c = 0; c < n; ++c) size += gradients[c] < 0 ? -gradients[c] : gradients[c];
    unit = (float)(size > 0 ? LINO_Q7_OF_SPREAD * (double)n / (double)size : 0.0);
    for (c = 0; c < n; ++c) {
        float scaled = lino_as_float(gradients[c]) * unit;
        scaled = scaled < -127.0f ? -127.0f : scaled > 127.0f ? 127.0f : scaled;
        out[c] = (int8_t)((int32_t)(scaled + 128.5f) - 128);
    }
}

/* In q7, or its signs as q7. */
static inline void lino_in_q7(const int64_t* gradients, lino_size n, int by_sign, int8_t* out) {
    lino_size c;
    if (!by_sign) {
        lino_mantissas(gradients, n, out);
        return;
    }
    for (c = 0; c < n; ++c) out[c] = (int8_t)(gradients[c] >= 0 ? 127 : -127);
}

/* A word of a dW in bits or q7. */
static inline void lino_store_word(const int64_t* gradients, lino_size n, const lino_operand* dw, lino_size row,
                                   lino_size first) {
    lino_size c;
    if (dw->format == LINO_Q7) {
        lino_mantissas(gradients, n, (int8_t*)dw->data + row * dw->cols + first);
        return;
    }
    {
        uint32_t words[2] = {0, 0};
        for (c = 0; c < n; ++c) words[c >> 5] |= (uint32_t)(gradients[c] >= 0) << (c & 31);
        memcpy(lino_bits(dw, row) + first / 32, words, sizeof words);
    }
}

#endif
