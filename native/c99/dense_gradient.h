/* The exact gradient of up to 64 weights of a dense layer: sum over the rows of dY times X, in bits or bytes. */
#ifndef LINO_DENSE_GRADIENT_H
#define LINO_DENSE_GRADIENT_H

#include "c99.h"

/* gradients[c] is that of the weight of input first + c for an output, n <= 64. */
static inline void lino_dense_gradient(const lino_operand* dy, const lino_operand* x, lino_size output, lino_size first,
                                       lino_size n, int32_t* gradients) {
    const int bits = x->format == LINO_BIT;
    int32_t total = 0;
    lino_size row, c;
    for (c = 0; c < n; ++c) gradients[c] = 0;
    for (row = 0; row < dy->rows; ++row) {
        const int32_t g = lino_mantissa_of(dy, row * dy->cols + output);
        if (!g) continue;
        total += g;
        if (bits) {
            const uint32_t* words = lino_bits(x, row) + first / 32;
            uint32_t word = 0;
            for (c = 0; c < n; ++c, word >>= 1) {
                if (!(c & 31)) word = words[c >> 5];
                gradients[c] += g & -(int32_t)(word & 1u);
            }
        } else {
            const uint8_t* bytes = (const uint8_t*)x->data + row * x->cols + first;
            for (c = 0; c + 4 <= n; c += 4) { /* of many images most bytes are 0 */
                uint32_t four;
                memcpy(&four, bytes + c, sizeof four);
                if (!four) continue;
                gradients[c] += g * (int32_t)(four & 255u);
                gradients[c + 1] += g * (int32_t)(four >> 8 & 255u);
                gradients[c + 2] += g * (int32_t)(four >> 16 & 255u);
                gradients[c + 3] += g * (int32_t)(four >> 24);
            }
            for (; c < n; ++c) gradients[c] += g * bytes[c];
        }
    }
    if (!bits) total *= 255;
    for (c = 0; c < n; ++c) gradients[c] = 2 * gradients[c] - total;
}

#endif
