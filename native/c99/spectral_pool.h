/* y = L x R^T of images of complex numbers, or the same with both matrices' adjoints
   (src/linocut/ops/spectral_pool.py). */
#ifndef LINO_SPECTRAL_POOL_H
#define LINO_SPECTRAL_POOL_H

#include "c99.h"

typedef struct lino_number {
    float re, im;
} lino_number;

/* The element of a matrix (2, rows, columns), real parts first, or of its adjoint. */
static inline lino_number lino_element(const lino_operand* matrix, int adjoint, lino_size row, lino_size column) {
    const lino_size rows = (lino_size)matrix->shape[1], columns = (lino_size)matrix->shape[2];
    const lino_size at = adjoint ? column * columns + row : row * columns + column;
    const float* numbers = (const float*)matrix->data;
    lino_number found;
    found.re = numbers[at];
    found.im = adjoint ? -numbers[rows * columns + at] : numbers[rows * columns + at];
    return found;
}

/* sum += a x. */
static inline void lino_add_product(lino_number* sum, lino_number a, lino_number x) {
    sum->re += a.re * x.re - a.im * x.im;
    sum->im += a.re * x.im + a.im * x.re;
}

/* What is summed along the rows is summed anew for each output: there is no memory for it. */
static inline void lino_spectral(const lino_call* call, int adjoint) {
    const lino_operand *x = call->operands, *left = x + 1, *right = x + 2, *y = x + 3;
    const lino_size height = (lino_size)x->shape[1], width = (lino_size)x->shape[2], half = x->cols / 2;
    lino_size b, i, j, c, h, w, at = 0;
    for (b = 0; b < (lino_size)y->shape[0]; ++b) {
        for (i = 0; i < (lino_size)y->shape[1]; ++i) {
            for (j = 0; j < (lino_size)y->shape[2]; ++j, at += y->cols) {
                for (c = 0; c < half; ++c) {
                    lino_number sum = {0.0f, 0.0f};
                    for (w = 0; w < width; ++w) {
                        lino_number along = {0.0f, 0.0f};
                        for (h = 0; h < height; ++h) {
                            const lino_size pixel = ((b * height + h) * width + w) * x->cols + c;
                            lino_number value;
                            value.re = lino_float(x, pixel);
                            value.im = lino_float(x, pixel + half);
                            lino_add_product(&along, lino_element(left, adjoint, i, h), value);
                        }
                        lino_add_product(&sum, lino_element(right, adjoint, j, w), along);
                    }
                    lino_store(y, at + c, sum.re);
                    lino_store(y, at + half + c, sum.im);
                }
            }
        }
    }
}

#endif
