/* The gradient of some weights of a convolution in floats: sum over the pixels of dY times X, pixel after pixel. */
#ifndef LINO_CONV2D_FLOAT_GRADIENT_H
#define LINO_CONV2D_FLOAT_GRADIENT_H

#include "window.h"

/* `row` is that of the weights, (output, p, q); sums[c] is that of channel first + c. */
static inline void lino_conv2d_float_gradient(const lino_window* window, const lino_operand* dy, const lino_operand* x,
                                              lino_size row, lino_size first, lino_size n, float* sums) {
    const lino_size tap = row % (window->rows * window->columns), output = row / (window->rows * window->columns);
    lino_size b, i, j, c, at = output;
    for (c = 0; c < n; ++c) sums[c] = 0.0f;
    for (b = 0; b < window->batch; ++b) {
        for (i = 0; i < window->out_height; ++i) {
            for (j = 0; j < window->out_width; ++j, at += dy->cols) {
                const lino_size seen = lino_seen(window, b, i, j, tap / window->columns, tap % window->columns);
                if (seen < 0) continue;
                for (c = 0; c < n; ++c) sums[c] += lino_float(dy, at) * lino_input(x, seen, first + c);
            }
        }
    }
    for (c = 0; c < n && x->format == LINO_U8; ++c) sums[c] *= 1.0f / 255.0f;
}

#endif
