/* What the batch norms share (src/linocut/ops/norm.py). */
#ifndef LINO_NORM_H
#define LINO_NORM_H

#include "c99.h"

#define LINO_L1 1.0
#define LINO_L2 2.0
#define LINO_SCALED_L1 3.0

enum { LINO_NEAR = 2, LINO_FAR = 6, LINO_NEXT_TO = 11, LINO_BEYOND = 19 }; /* levels of |x|, in eighths */
enum { LINO_CHANNELS = 32 };                                               /* at a time: half a word of bits */

/* Rows [begin, end) of part p. */
static inline lino_size lino_begin(lino_size rows, lino_size parts, lino_size part) {
    return (lino_size)((int64_t)part * rows / parts);
}

/* `work` has a row for each quantity of each part. */
static inline double* lino_work(const lino_operand* work, lino_size quantities, lino_size quantity, lino_size part) {
    return lino_doubles(work) + (quantity * (work->rows / quantities) + part) * work->cols;
}

/* The parts of a quantity added in order. */
static inline double lino_total(const lino_operand* work, lino_size quantities, lino_size quantity, lino_size channel) {
    double sum = 0.0;
    lino_size part;
    for (part = 0; part < work->rows / quantities; ++part) sum += lino_work(work, quantities, quantity, part)[channel];
    return sum;
}

/* A number of a channel; 0 where there is none. */
static inline float lino_channel(const lino_operand* one, lino_size row, lino_size channel) {
    return one->data ? lino_float(one, row * one->cols + channel) : 0.0f;
}

/* What x is divided by: psi, as it is stored, or the square root of variance + epsilon as an f32. */
static inline double lino_divisor(const lino_operand* stats, lino_size channel, double norm) {
    const double kept = (double)lino_channel(stats, 1, channel);
    return norm == LINO_L2 ? (double)(float)sqrt(kept + 1e-5) : kept;
}

/* 0 for a channel that does not vary: it outputs beta and passes no gradient. */
static inline double lino_reciprocal(const lino_operand* stats, lino_size channel, double norm) {
    const double by = lino_divisor(stats, channel, norm);
    return by > 0.0 ? 1.0 / by : 0.0;
}

/* x = (y - mean) inverse + beta. */
typedef struct lino_line {
    float mean, inverse, beta;
} lino_line;

static inline lino_line lino_line_of(const lino_operand* stats, const lino_operand* beta, lino_size channel,
                                     double norm) {
    lino_line line;
    line.mean = lino_channel(stats, 0, channel);
    line.inverse = (float)lino_reciprocal(stats, channel, norm);
    line.beta = lino_channel(beta, 0, channel);
    return line;
}

static inline float lino_normalised(const lino_line* line, float y) {
    return (y - line->mean) * line->inverse + line->beta;
}

/* --- the gradient that reaches a norm, masked by the straight-through estimator, and its partner --- */

typedef struct lino_masked {
    const lino_operand *dx, *x, *mask, *half, *beta;
    double norm;
    int rectified, masks, estimator; /* 0 where x < 0; where the mask says so; where |x| > 1, x being kept in floats */
} lino_masked;

static inline lino_masked lino_masked_of(const lino_operand* dx, const lino_operand* x, const lino_operand* mask,
                                         const lino_operand* half, const lino_operand* beta, const double* attributes) {
    lino_masked from;
    from.dx = dx;
    from.x = x;
    from.mask = mask;
    from.half = half;
    from.beta = beta;
    from.norm = attributes[0];
    from.rectified = attributes[1] == 2.0;
    from.masks = attributes[1] == 1.0 && mask->data;
    from.estimator = attributes[1] == 1.0 && x->format != LINO_BIT && !mask->data;
    return from;
}

static inline int lino_passes(const lino_masked* from, lino_size row, lino_size channel) {
    if (from->rectified) return (int)lino_bit(lino_bits(from->x, row), channel);
    if (from->masks) return (int)lino_bit(lino_bits(from->mask, row), channel);
    return !from->estimator || fabsf(lino_float(from->x, row * from->x->cols + channel)) <= 1.0f;
}

/* Of x in bits: +-1, or with `half` +- its level. */
static inline int32_t lino_level(const lino_masked* from, lino_size row, lino_size channel) {
    int32_t size = 1;
    if (from->half->data) {
        const int near = (int)lino_bit(lino_bits(from->half, row), channel);
        const int inside = !from->mask->data || lino_bit(lino_bits(from->mask, row), channel);
        size = inside ? near ? LINO_NEAR : LINO_FAR : near ? LINO_NEXT_TO : LINO_BEYOND;
    }
    return lino_bit(lino_bits(from->x, row), channel) ? size : -size;
}

/* The partner as a float. */
static inline float lino_partner(const lino_masked* from, lino_size row, lino_size channel) {
    float x;
    if (from->x->format == LINO_BIT) return (float)lino_level(from, row, channel);
    x = lino_float(from->x, row * from->x->cols + channel);
    if (from->norm == LINO_L1) return x >= 0.0f ? 1.0f : -1.0f;
    return x - lino_channel(from->beta, 0, channel);
}

#endif
