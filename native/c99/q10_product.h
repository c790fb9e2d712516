/* Block-circulant products in Q5.10, a block at a time (src/linocut/ops/q10_transform.py).

   A packed spectrum of k numbers: re 0, re k/2, re 1, im 1, re 2, im 2, ... */
#ifndef LINO_Q10_PRODUCT_H
#define LINO_Q10_PRODUCT_H

#include "q10.h"

enum { LINO_MOST_BLOCK = 32 };

static const int16_t lino_q10_cosines[16] = {16384, 16069, 15137, 13623, 11585,  9102,   6270,   3196,
                                             0,     -3196, -6270, -9102, -11585, -13623, -15137, -16069};
static const int16_t lino_q10_sines[16] = {0,     3196,  6270,  9102,  11585, 13623, 15137, 16069,
                                           16384, 16069, 15137, 13623, 11585, 9102,  6270,  3196};

typedef struct lino_q10_block {
    int32_t re[LINO_MOST_BLOCK], im[LINO_MOST_BLOCK];
} lino_q10_block;

static inline int lino_q10_reversed(int i, int k) {
    int found = 0;
    for (; k >= 2; k /= 2, i >>= 1) found = found << 1 | (i & 1);
    return found;
}

/* Bin i stands at lino_q10_reversed(i, k). All stages of the inverse halve, or odd ones forward, even ones inverse. */
static inline void lino_q10_transform(lino_q10_block* one, int k, int inverse, int all_inverse) {
    int n, stage = 1;
    for (n = k; n >= 2; n /= 2, ++stage) {
        const int half = all_inverse ? inverse : stage % 2 == (inverse ? 0 : 1);
        int base, j;
        for (base = 0; base < k; base += n) {
            for (j = 0; j < n / 2; ++j) {
                const int a = base + j, b = a + n / 2, at = j * (LINO_MOST_BLOCK / n);
                const int32_t cos = lino_q10_cosines[at], sin = inverse ? lino_q10_sines[at] : -lino_q10_sines[at];
                const int32_t d_re = one->re[a] - one->re[b], d_im = one->im[a] - one->im[b];
                one->re[a] = lino_q10_saturated(lino_q10_shift(one->re[a] + one->re[b], half));
                one->im[a] = lino_q10_saturated(lino_q10_shift(one->im[a] + one->im[b], half));
                one->re[b] = lino_q10_saturated(lino_q10_shift(d_re * cos - d_im * sin, 14 + half));
                one->im[b] = lino_q10_saturated(lino_q10_shift(d_re * sin + d_im * cos, 14 + half));
            }
        }
    }
}

/* The packed spectra of n numbers, zeros after them to whole blocks of k. */
static inline void lino_q10_hear(const int16_t* x, lino_size n, int k, int all_inverse, int16_t* spectra) {
    lino_size first;
    for (first = 0; first < n; first += k, spectra += k) {
        lino_q10_block one = {{0}, {0}};
        int i;
        for (i = 0; i < k; ++i) {
            one.re[i] = first + i < n ? x[first + i] : 0;
            one.im[i] = 0;
        }
        if (k > 1) lino_q10_transform(&one, k, 0, all_inverse);
        spectra[0] = (int16_t)one.re[0];
        if (k > 1) spectra[1] = (int16_t)one.re[lino_q10_reversed(k / 2, k)];
        for (i = 1; i < k / 2; ++i) {
            spectra[2 * i] = (int16_t)one.re[lino_q10_reversed(i, k)];
            spectra[2 * i + 1] = (int16_t)one.im[lino_q10_reversed(i, k)];
        }
    }
}

/* Exact sums of one row of blocks. */
typedef struct lino_q10_sums {
    int64_t re[LINO_MOST_BLOCK / 2 + 1], im[LINO_MOST_BLOCK / 2 + 1];
} lino_q10_sums;

static inline void lino_q10_clear(lino_q10_sums* sums, int k) {
    int m;
    for (m = 0; m <= k / 2; ++m) sums->re[m] = sums->im[m] = 0;
}

static inline void lino_q10_add_blocks(lino_q10_sums* sums, const int16_t* weights, const int16_t* x, lino_size blocks,
                                       int k) {
    for (; blocks > 0; --blocks, weights += k, x += k) {
        int m;
        sums->re[0] += (int32_t)weights[0] * x[0];
        if (k > 1) sums->re[k / 2] += (int32_t)weights[1] * x[1];
        for (m = 1; m < k / 2; ++m) {
            const int32_t w_re = weights[2 * m], w_im = weights[2 * m + 1];
            sums->re[m] += (int64_t)(w_re * x[2 * m]) - w_im * x[2 * m + 1];
            sums->im[m] += (int64_t)(w_re * x[2 * m + 1]) + w_im * x[2 * m];
        }
    }
}

static inline int32_t lino_q10_rounded(int64_t sum, int point) {
    const int64_t half = point == 0 ? 0 : (int64_t)1 << (point - 1);
    return (int32_t)lino_clamp_wide((sum + half) >> point, -32768, 32767);
}

/* The k numbers of a block, y, by the inverse transform; of the sums the mirrored half is made. */
static inline void lino_q10_finish(const lino_q10_sums* sums, int k, int point, int all_inverse, int32_t* y) {
    lino_q10_block one = {{0}, {0}};
    int m;
    one.re[0] = lino_q10_rounded(sums->re[0], point);
    one.im[0] = 0;
    for (m = 1; m <= k / 2; ++m) {
        one.re[m] = one.re[k - m] = lino_q10_rounded(sums->re[m], point);
        one.im[m] = lino_q10_rounded(sums->im[m], point);
        one.im[k - m] = -one.im[m];
    }
    if (k > 1) lino_q10_transform(&one, k, 1, all_inverse);
    for (m = 0; m < k; ++m) y[m] = one.re[lino_q10_reversed(m, k)];
}

#endif
