/* Products with matrices of circulant blocks, by their spectra (src/linocut/ops/circulant.py). Nothing is kept of x:
   each block of it is transformed for each block of outputs, by sums; that takes as long as a dense matrix. */
#ifndef LINO_CIRCULANT_H
#define LINO_CIRCULANT_H

#include "c99.h"

enum { LINO_MOST_BLOCK = 16, LINO_TILE = 64 };

/* cos(2 pi n / 16). */
static inline float lino_cosine(lino_size n) {
    static const float values[16] = {1.0f,  0.92387953251128674f,  0.70710678118654752f,  0.38268343236508977f,
                                     0.0f,  -0.38268343236508977f, -0.70710678118654752f, -0.92387953251128674f,
                                     -1.0f, -0.92387953251128674f, -0.70710678118654752f, -0.38268343236508977f,
                                     0.0f,  0.38268343236508977f,  0.70710678118654752f,  0.92387953251128674f};
    return values[n & 15];
}

static inline float lino_sine(lino_size n) { return lino_cosine(n - 4); }

/* Planes of a block of `size` numbers: the bins 0 and size / 2, then re and im of the others. */
static inline void lino_transform(const float* x, lino_size size, float* planes) {
    const lino_size step = 16 / size;
    lino_size m, c;
    memset(planes, 0, (size_t)size * sizeof *planes);
    for (c = 0; c < size; ++c) planes[0] += x[c];
    for (c = 0; c < size && size > 1; ++c) planes[1] += c & 1 ? -x[c] : x[c];
    for (m = 1; m < size / 2; ++m) {
        for (c = 0; c < size; ++c) {
            planes[2 * m] += lino_cosine(m * c * step) * x[c];
            planes[2 * m + 1] -= lino_sine(m * c * step) * x[c];
        }
    }
}

/* `size` times the inverse. */
static inline void lino_transform_back(const float* planes, lino_size size, float* x) {
    const lino_size step = 16 / size;
    lino_size m, c;
    for (c = 0; c < size; ++c) {
        x[c] = planes[0];
        if (size > 1) x[c] += c & 1 ? -planes[1] : planes[1];
        for (m = 1; m < size / 2; ++m) {
            x[c] += 2.0f * (lino_cosine(m * c * step) * planes[2 * m] - lino_sine(m * c * step) * planes[2 * m + 1]);
        }
    }
}

/* Numbers of an operand from an index on, `count` of them. */
typedef struct lino_numbers {
    const lino_operand* of;
    lino_size at, count;
} lino_numbers;

static inline lino_numbers lino_row_of(const lino_operand* of, lino_size row, lino_size first, lino_size count) {
    lino_numbers found;
    found.of = of;
    found.at = row * of->cols + first;
    found.count = count;
    return found;
}

/* Block j of them, zeros behind the last. */
static inline void lino_load_block(const lino_numbers* x, lino_size j, lino_size size, float* block) {
    lino_size c;
    for (c = 0; c < size; ++c) block[c] = j * size + c < x->count ? lino_float(x->of, x->at + j * size + c) : 0.0f;
}

/* Block i of the product of x with spectra (K, tiles, summed, 64). */
static inline void lino_product_block(const lino_numbers* x, const lino_operand* spectra, lino_size i, float* y) {
    const lino_size size = (lino_size)spectra->shape[0], tiles = (lino_size)spectra->shape[1];
    const lino_size summed = (lino_size)spectra->shape[2];
    const float* all = (const float*)spectra->data;
    float block[LINO_MOST_BLOCK], in[LINO_MOST_BLOCK], sums[LINO_MOST_BLOCK], w[LINO_MOST_BLOCK] = {0};
    lino_size j, plane, m;
    memset(sums, 0, sizeof sums);
    for (j = 0; j < summed; ++j) {
        lino_load_block(x, j, size, block);
        lino_transform(block, size, in);
        for (plane = 0; plane < size; ++plane)
            w[plane] = all[((plane * tiles + i / LINO_TILE) * summed + j) * LINO_TILE + i % LINO_TILE];
        sums[0] += in[0] * w[0];
        if (size > 1) sums[1] += in[1] * w[1];
        for (m = 2; m < size; m += 2) {
            sums[m] += in[m] * w[m] - in[m + 1] * w[m + 1];
            sums[m + 1] += in[m] * w[m + 1] + in[m + 1] * w[m];
        }
    }
    lino_transform_back(sums, size, y);
}

/* The product, `count` numbers: added to `out`, or in their place. */
static inline void lino_product(lino_numbers x, const lino_operand* spectra, lino_size count, int adds, float* out) {
    const lino_size size = (lino_size)spectra->shape[0];
    float block[LINO_MOST_BLOCK];
    lino_size i, c;
    for (i = 0; i * size < count; ++i) {
        lino_product_block(&x, spectra, i, block);
        for (c = 0; c < size && i * size + c < count; ++c)
            out[i * size + c] = adds ? out[i * size + c] + block[c] : block[c];
    }
}

/* The steps that sequence b has, of `steps` at most. */
static inline lino_size lino_length(const lino_operand* lengths, lino_size b, lino_size steps) {
    int32_t length;
    if (!lengths->data) return steps;
    length = ((const int32_t*)lengths->data)[b];
    return length < 0 ? 0 : length < steps ? (lino_size)length : steps;
}

static inline lino_size lino_steps(const lino_operand* of) { return (lino_size)of->shape[1]; }
static inline lino_size lino_sequences(const lino_operand* of) { return (lino_size)of->shape[0]; }

#endif
