/* The exact gradient of up to 64 weights of a convolution: sum over the pixels of dY times X, in bits or bytes. */
#ifndef LINO_CONV2D_GRADIENT_H
#define LINO_CONV2D_GRADIENT_H

#include "window.h"

enum { LINO_PIXELS_OF_32_BITS = 65536 }; /* whose products with bytes 32 bits hold */

/* Adds sums of 32 bits, which begin anew; of bits they are those of the ones, `total` being that of all. */
static inline void lino_add_some(int64_t* gradients, int32_t* some, lino_size n, int32_t* total) {
    lino_size c;
    for (c = 0; c < n; ++c) {
        gradients[c] += total ? 2 * (int64_t)some[c] - *total : some[c];
        some[c] = 0;
    }
    if (total) *total = 0;
}

/* `row` is that of the weights, (output, p, q); gradients[c] is that of channel first + c, n <= 64. */
static inline void lino_conv2d_gradient(const lino_window* window, const lino_operand* dy, const lino_operand* x,
                                        lino_size row, lino_size first, lino_size n, int64_t* gradients) {
    const lino_size tap = row % (window->rows * window->columns), output = row / (window->rows * window->columns);
    const lino_size p = tap / window->columns, q = tap % window->columns;
    lino_size given = output;
    const int bits = x->format == LINO_BIT;
    int32_t some[64] = {0}, total = 0, added = 0;
    lino_size b, i, j, c;
    for (c = 0; c < n; ++c) gradients[c] = 0;
    for (b = 0; b < window->batch; ++b) {
        for (i = 0; i < window->out_height; ++i) {
            for (j = 0; j < window->out_width; ++j, given += dy->cols) {
                const int32_t g = lino_mantissa_of(dy, given);
                const lino_size seen = g ? lino_seen(window, b, i, j, p, q) : -1;
                if (seen < 0) continue;
                if (added++ == LINO_PIXELS_OF_32_BITS) {
                    lino_add_some(gradients, some, n, bits ? &total : NULL);
                    added = 1;
                }
                total += g;
                if (bits) {
                    const uint32_t* words = lino_bits(x, seen) + first / 32;
                    uint32_t word = 0;
                    for (c = 0; c < n; ++c, word >>= 1) {
                        if (!(c & 31)) word = words[c >> 5];
                        some[c] += g & -(int32_t)(word & 1u);
                    }
                } else {
                    const uint8_t* bytes = (const uint8_t*)x->data + seen * x->cols + first;
                    for (c = 0; c < n; ++c) some[c] += g * (2 * bytes[c] - 255);
                }
            }
        }
    }
    lino_add_some(gradients, some, n, bits ? &total : NULL);
}

#endif
