/* Levels of k bits in k planes of packed bits, the most significant first (src/linocut/ops/levels.py). */
#ifndef LINO_LEVELS_H
#define LINO_LEVELS_H

#include "c99.h"

enum { LINO_MOST_PLANES = 4 };

/* How many of the planes there are, which are operands side by side. */
static inline int lino_planes(const lino_operand* first) {
    int count = 1;
    while (count < LINO_MOST_PLANES && first[count].data) ++count;
    return count;
}

static inline int32_t lino_largest_level(int planes) { return ((int32_t)1 << planes) - 1; }

static inline int32_t lino_code_in(const lino_operand* first, int planes, lino_size row, lino_size column) {
    int32_t code = 0;
    int plane;
    for (plane = 0; plane < planes; ++plane) code = 2 * code + (int32_t)lino_bit(lino_bits(first + plane, row), column);
    return code;
}

/* Boundary `code` of levels, where `one` counts as 1; the next code is from there on. */
static inline double lino_boundary(int planes, int32_t code, double one) {
    const int32_t n = lino_largest_level(planes);
    return (double)(2 * (code + 1) - (n + 1)) * one / (double)n;
}

/* Whether a boundary is the next code's: the even one of two that are as near. */
static inline int lino_includes(int32_t code) { return code & 1; }

/* The next float above one that is not 0. */
static inline float lino_next_above(float value) {
    const uint32_t bits = lino_float_as_bits(value);
    return lino_bits_as_float(value > 0.0f ? bits + 1u : bits - 1u);
}

/* The least float of each code above 0. */
static inline float lino_float_boundary(int planes, int32_t code, double one) {
    const double bound = lino_boundary(planes, code, one);
    const float near = (float)bound;
    return (double)near >= bound ? near : lino_next_above(near);
}

#endif
