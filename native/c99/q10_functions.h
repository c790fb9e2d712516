/* tanh and sigmoid of Q5.10 by pieces of lines (src/linocut/ops/q10_functions.py). */
#ifndef LINO_Q10_FUNCTIONS_H
#define LINO_Q10_FUNCTIONS_H

#include "q10.h"

static const int16_t lino_q10_knots[33] = {0,    127,  251,  367,  473,  568,  650,  721,  780,  829,  869,
                                           901,  927,  948,  964,  977,  987,  995,  1001, 1006, 1010, 1013,
                                           1016, 1018, 1019, 1020, 1021, 1022, 1022, 1023, 1023, 1023, 1024};
static const int16_t lino_q10_tanh_slopes[24] = {0,   2,   2,   5,   10,  23, 50, 108, 225, 434, 727, 973,
                                                 973, 727, 434, 225, 108, 50, 23, 10,  5,   2,   2,   0};
static const int16_t lino_q10_tanh_intercepts[24] = {-1024, -1016, -1015, -1006, -987, -952, -887, -770,
                                                     -583,  -333,  -98,   0,     0,    98,   333,  583,
                                                     770,   887,   952,   987,   1006, 1015, 1016, 1024};
static const int16_t lino_q10_sigmoid_slopes[24] = {0,   14,  9,   14,  23, 37, 58, 89, 129, 177, 222, 251,
                                                    251, 222, 177, 129, 89, 58, 37, 23, 14,  9,   14,  0};
static const int16_t lino_q10_sigmoid_intercepts[24] = {0,   75,  51,  76,  111, 160, 223, 300, 381, 453, 498, 512,
                                                        512, 526, 571, 643, 724, 801, 864, 913, 948, 973, 949, 1024};

static inline int32_t lino_q10_by_knots(int32_t v) {
    const int32_t wide = v < 0 ? -v : v, size = wide < 4096 ? wide : 4096, at = size >> 7 < 31 ? size >> 7 : 31;
    const int32_t rise = lino_q10_knots[at + 1] - lino_q10_knots[at];
    const int32_t height = lino_q10_knots[at] + ((rise * (size - at * 128) + 64) >> 7);
    return v < 0 ? -height : height;
}

static inline int32_t lino_q10_by_chords(int32_t v, const int16_t* slopes, const int16_t* intercepts, int32_t place) {
    const int32_t at = lino_clamp(place + 12, 0, 23);
    return lino_q10_shift(slopes[at] * v, 10) + intercepts[at];
}

static inline int32_t lino_q10_tanh(int32_t v, int paper) {
    if (paper) return lino_q10_by_chords(v, lino_q10_tanh_slopes, lino_q10_tanh_intercepts, v * 10 >> 12);
    return lino_q10_by_knots(v);
}

static inline int32_t lino_q10_sigmoid(int32_t v, int paper) {
    if (paper) return lino_q10_by_chords(v, lino_q10_sigmoid_slopes, lino_q10_sigmoid_intercepts, v >> 9);
    return (1024 + lino_q10_by_knots((v + 1) >> 1) + 1) >> 1;
}

#endif
