/* norm_sign: batch norm followed by sgn: packed signs, the mask |x| <= 1, `half`, and omega = mean |x|. Of integers no
   x is formed: with t = mu - beta psi, x >= 0 is y >= ceil(t), and |x| <= s is ceil(t - s psi) <= y <= floor(t + s psi)
   (src/linocut/ops/norm_sign.py). */
#include "norm.h"

enum { Y, STATS, BETA, BITS, MASK, HALF, OMEGA, WORK };
enum { NORM, FIRST };
enum { SUM, COUNT, QUANTITIES };

#define LIMIT 1073741824.0 /* 2^30: thresholds fit 32 bits */

static int32_t whole(double threshold) {
    const double raised = threshold > -LIMIT ? threshold : -LIMIT;
    return (int32_t)(raised < LIMIT ? raised : LIMIT);
}

/* A channel of y as numbers: x = (y - t) / psi where psi > 0, else beta. */
typedef struct {
    double t, psi, beta;
} line;

static line line_of(const lino_call* call, lino_size channel) {
    const lino_operand* all = call->operands;
    line one;
    one.psi = lino_divisor(all + STATS, channel, call->attributes[NORM]);
    one.beta = (double)lino_channel(all + BETA, 0, channel);
    one.t = (double)lino_channel(all + STATS, 0, channel) - one.beta * one.psi;
    return one;
}

static int32_t least_of(const line* one) {
    if (one->psi > 0.0) return whole(ceil(one->t));
    return one->beta >= 0.0 ? (int32_t)-LIMIT : (int32_t)LIMIT;
}

/* |x| <= size is low <= y <= high. */
typedef struct {
    int32_t low[LINO_CHANNELS], high[LINO_CHANNELS];
} interval;

static void set_interval(interval* of, lino_size c, const line* one, double size) {
    const int inside = fabs(one->beta) <= size;
    if (one->psi > 0.0) {
        of->low[c] = whole(ceil(one->t - size * one->psi));
        of->high[c] = whole(floor(one->t + size * one->psi));
    } else {
        of->low[c] = (int32_t)(inside ? -LIMIT : LIMIT);
        of->high[c] = (int32_t)(inside ? LIMIT : -LIMIT);
    }
}

static int holds(const interval* of, lino_size c, int32_t y) { return y >= of->low[c] && y <= of->high[c]; }

/* Channels [first, first + n) of y, and the half of a word that they are. */
static void integers(const lino_call* call, lino_size first, lino_size n, lino_size half) {
    const lino_operand *all = call->operands, *y = all + Y;
    interval near, inside, around;
    int32_t least[LINO_CHANNELS];
    lino_size row, c;
    for (c = 0; c < n; ++c) {
        const line one = line_of(call, (lino_size)call->attributes[FIRST] + first + c);
        least[c] = least_of(&one);
        set_interval(&near, c, &one, 0.5);
        set_interval(&inside, c, &one, 1.0);
        set_interval(&around, c, &one, 2.0);
    }
    for (row = 0; row < y->rows; ++row) {
        uint32_t signs = 0, passes = 0, halves = 0;
        for (c = 0; c < n; ++c) {
            const int32_t value = lino_integer(y, row * y->cols + first + c);
            const int within = holds(&inside, c, value);
            signs |= (uint32_t)(value >= least[c]) << c;
            passes |= (uint32_t)within << c;
            if (all[HALF].data) halves |= (uint32_t)holds(within ? &near : &around, c, value) << c;
        }
        lino_bits(all + BITS, row)[half] = signs;
        if (all[MASK].data) lino_bits(all + MASK, row)[half] = passes;
        if (all[HALF].data) lino_bits(all + HALF, row)[half] = halves;
    }
}

static void floats(const lino_call* call, lino_size first, lino_size n, lino_size half) {
    const lino_operand *all = call->operands, *y = all + Y;
    lino_line lines[LINO_CHANNELS];
    lino_size row, c;
    for (c = 0; c < n; ++c)
        lines[c] = lino_line_of(all + STATS, all + BETA, (lino_size)call->attributes[FIRST] + first + c,
                                call->attributes[NORM]);
    for (row = 0; row < y->rows; ++row) {
        uint32_t signs = 0, passes = 0, halves = 0;
        for (c = 0; c < n; ++c) {
            const float x = lino_normalised(lines + c, lino_float(y, row * y->cols + first + c)), size = fabsf(x);
            signs |= (uint32_t)(x >= 0.0f) << c;
            passes |= (uint32_t)(size <= 1.0f) << c;
            halves |= (uint32_t)(size <= 1.0f ? size <= 0.5f : size <= 2.0f) << c;
        }
        lino_bits(all + BITS, row)[half] = signs;
        if (all[MASK].data) lino_bits(all + MASK, row)[half] = passes;
        if (all[HALF].data) lino_bits(all + HALF, row)[half] = halves;
    }
}

/* omega of channel c of y, from the signs that were found. */
static void average(const lino_call* call, lino_size c) {
    const lino_operand *all = call->operands, *y = all + Y, *work = all + WORK;
    const lino_size parts = work->rows / QUANTITIES, channel = (lino_size)call->attributes[FIRST] + c;
    const double rows = (double)y->rows;
    const int exact = lino_is_integer(y);
    const lino_line floats_line = lino_line_of(all + STATS, all + BETA, channel, call->attributes[NORM]);
    const line one = line_of(call, channel);
    lino_size part, row;
    double found;
    for (part = 0; part < parts; ++part) {
        int64_t distance = 0;
        int32_t count = 0;
        double sizes = 0.0;
        for (row = lino_begin(y->rows, parts, part); row < lino_begin(y->rows, parts, part + 1); ++row) {
            const lino_size at = row * y->cols + c;
            const int above = (int)lino_bit(lino_bits(all + BITS, row), channel);
            count += above;
            if (exact)
                distance += above ? lino_integer(y, at) : -(int64_t)lino_integer(y, at);
            else
                sizes += (double)fabsf(lino_normalised(&floats_line, lino_float(y, at)));
        }
        lino_work(work, QUANTITIES, SUM, part)[c] = exact ? (double)distance : sizes;
        lino_work(work, QUANTITIES, COUNT, part)[c] = (double)count;
    }
    found = lino_total(work, QUANTITIES, SUM, c);
    if (!exact)
        found /= rows;
    else if (one.psi > 0.0)
        found = (found - one.t * (2.0 * lino_total(work, QUANTITIES, COUNT, c) - rows)) / (rows * one.psi);
    else
        found = fabs(one.beta);
    lino_store(all + OMEGA, channel, (float)found);
}

void lino_norm_sign(const lino_call* call) {
    const lino_operand *all = call->operands, *y = all + Y;
    const lino_size half = (lino_size)call->attributes[FIRST] / 32;
    const lino_size halves = half % 2 ? 1 : lino_halves(y->cols); /* the second half of a word, or whole words */
    lino_size first, c;
    for (first = 0; first < 32 * halves; first += LINO_CHANNELS) {
        const lino_size left = y->cols - first, n = left < 0 ? 0 : lino_least(LINO_CHANNELS, left);
        if (lino_is_integer(y))
            integers(call, first, n, half + first / 32);
        else
            floats(call, first, n, half + first / 32);
    }
    for (c = 0; c < y->cols && all[OMEGA].data && all[WORK].data; ++c) average(call, c);
}
