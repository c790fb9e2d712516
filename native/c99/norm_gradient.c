/* norm_gradient: dY = (g - mean - u slope) / divisor, and dbeta. An integer dY is g a - u b - c: from integers where X
   is bits in 32 bits with 22 fractional bits, else in doubles; where g is 0 it is rounded with dithers
   (src/linocut/ops/norm_gradient.py). */
#include "elementary.h"
#include "gradient_scale.h"
#include "gradient_unit.h"
#include "norm.h"

enum { DX, DX_EXPONENT, UNIT, X, MASK, HALF, STATS, BETA, SUMS, MORE, DY, DY_EXPONENT, DBETA, SCALE };
enum { FRACTION = 22, BITS_OF_ALL = 14 }; /* of mantissas and what they may be finer than of the largest exponent */
enum { AT_ONCE = 16 };                    /* channels, whose numbers are on the stack */

#define FIXED_LIMIT 1073741824.0
#define ROW_TURN 0xC13FA9A9u
#define CHANNEL_TURN 0x91E10DA5u
#define NEAREST 0x80000000u

/* What the rows say of a channel. */
typedef struct {
    double total, mean, slope, square, inverse;
} channel_sums;

static channel_sums sums_of(const lino_call* call, lino_size channel) {
    const lino_operand* all = call->operands;
    const double *sums = lino_doubles(all + SUMS) + channel, rows = (double)all[DX].rows, norm = call->attributes[0];
    const lino_size channels = all[DX].cols;
    const double product = sums[channels], third = sums[3 * channels];
    channel_sums of;
    of.total = sums[0];
    of.square = sums[4 * channels];
    of.mean = of.total / rows;
    of.slope = product / rows;
    of.inverse = lino_reciprocal(all + STATS, channel, norm);
    if (norm == LINO_L1) of.slope *= third;
    if (norm == LINO_SCALED_L1) {
        const double covariance = rows * product - of.total * third, variance = rows * of.square - third * third;
        of.slope = variance > 0.0 ? covariance / variance : 0.0;
        of.mean = of.mean - of.slope * (third / rows);
    }
    return of;
}

static int bits_of(const lino_call* call) { return call->operands[DY].format == LINO_I4 ? 5 : 7; }

/* How many bits finer than what holds the largest; `scale` is made that of this step. */
static int64_t choose_finer(const lino_call* call, int64_t largest) {
    const lino_operand* all = call->operands;
    int64_t *state = lino_longs(all + SCALE), finer = 0;
    if (state[LINO_KNOWN])
        finer = lino_clamp_wide(largest - lino_last_exponent(state) -
                                    lino_overflow_trend(state, (int64_t)all[DX].rows * all[DX].cols, bits_of(call)),
                                0, BITS_OF_ALL - bits_of(call));
    lino_begin_step(state, largest - finer, finer);
    return finer;
}

/* How large u can be: of floats the squares sum to the rows (l2) or to `square`. */
static double reach_of(const lino_call* call, double square) {
    const lino_operand* all = call->operands;
    if (all[X].format == LINO_BIT) return all[HALF].data ? (double)LINO_BEYOND : 1.0;
    if (call->attributes[0] == LINO_L1) return 1.0;
    return sqrt(call->attributes[0] == LINO_L2 ? (double)all[DX].rows : square);
}

/* dbeta, and the k for which every |dy| < 2^k. */
static int32_t size_up(const lino_call* call, int exponent) {
    const lino_operand* all = call->operands;
    const lino_size channels = all[DX].cols;
    double bound = 0.0;
    lino_size channel;
    for (channel = 0; channel < channels; ++channel) {
        const channel_sums of = sums_of(call, channel);
        const double largest = lino_doubles(all + SUMS)[2 * channels + channel];
        const double size = largest + fabs(of.mean) + fabs(of.slope) * reach_of(call, of.square);
        ((float*)all[DBETA].data)[channel] = (float)ldexp(of.total, exponent);
        if (size * of.inverse > bound) bound = size * of.inverse;
    }
    return lino_binary_exponent(bound);
}

static uint32_t dither(lino_size row, lino_size channel) {
    return (uint32_t)row * ROW_TURN + (uint32_t)channel * CHANNEL_TURN;
}

static uint32_t fixed(double number) { return (uint32_t)lino_rounded(number, -FIXED_LIMIT, FIXED_LIMIT); }

/* Unsigned, so that what passes only with channels whose g is all 0 wraps. */
static void integers(const lino_call* call, const lino_masked* from, lino_size first, lino_size n, double unit,
                     int finer, lino_rounding* seen) {
    const lino_operand* dx = from->dx;
    const int right = FRACTION - finer, halves = call->operands[DY].format == LINO_I4;
    const uint32_t less = halves ? (uint32_t)1 << (right - 1) : 0;
    uint32_t a[AT_ONCE], b[AT_ONCE], c[AT_ONCE];
    lino_size row, i;
    for (i = 0; i < n; ++i) {
        const channel_sums of = sums_of(call, first + i);
        const double scale = of.inverse * unit;
        a[i] = fixed(scale);
        b[i] = fixed(of.slope * scale);
        c[i] = fixed(of.mean * scale);
    }
    for (row = 0; row < dx->rows; ++row) {
        for (i = 0; i < n; ++i) {
            const lino_size channel = first + i, at = row * dx->cols + channel;
            const int32_t g = lino_passes(from, row, channel) ? lino_integer(dx, at) : 0;
            const uint32_t u = (uint32_t)lino_level(from, row, channel);
            const uint32_t rounding = (g ? NEAREST : dither(row, channel)) >> (32 - right);
            const uint32_t sum = (uint32_t)g * a[i] + (rounding - c[i] - u * b[i]);
            lino_store_mantissa(seen, call->operands + DY, at, (int32_t)(sum - less) >> (right - halves));
        }
    }
}

/* From floats, X being bits. */
static void singles(const lino_call* call, const lino_masked* from, lino_size first, lino_size n, double unit,
                    lino_rounding* seen) {
    const lino_operand* dx = from->dx;
    const int halves = call->operands[DY].format == LINO_I4;
    const float limit = (float)FIXED_LIMIT, times = halves ? 2.0f : 1.0f, half = halves ? 0.0f : 0.5f;
    float mean[AT_ONCE], slope[AT_ONCE], factor[AT_ONCE];
    lino_size row, i;
    for (i = 0; i < n; ++i) {
        const channel_sums of = sums_of(call, first + i);
        mean[i] = (float)of.mean;
        slope[i] = (float)of.slope;
        factor[i] = (float)(of.inverse * unit * (double)times);
    }
    for (row = 0; row < dx->rows; ++row) {
        for (i = 0; i < n; ++i) {
            const lino_size channel = first + i, at = row * dx->cols + channel;
            const float g = lino_passes(from, row, channel) ? lino_float(dx, at) : 0.0f;
            const float u = lino_partner(from, row, channel);
            const float turned = (float)(int32_t)(dither(row, channel) ^ NEAREST) * 2.3283064365386963e-10f * times;
            const float value = (g - mean[i] - u * slope[i]) * factor[i] + ((g == 0.0f ? turned : 0.0f) + half);
            const float below = limit < value ? limit : value;
            lino_store_mantissa(seen, call->operands + DY, at, (int32_t)floorf(-limit < below ? below : -limit));
        }
    }
}

static void doubles(const lino_call* call, const lino_masked* from, lino_size first, lino_size n, double unit,
                    lino_rounding* seen) {
    const lino_operand* dx = from->dx;
    const int halves = call->operands[DY].format == LINO_I4;
    double mean[AT_ONCE], slope[AT_ONCE], factor[AT_ONCE];
    lino_size row, i;
    for (i = 0; i < n; ++i) {
        const channel_sums of = sums_of(call, first + i);
        mean[i] = of.mean;
        slope[i] = of.slope;
        factor[i] = of.inverse * unit;
    }
    for (row = 0; row < dx->rows; ++row) {
        for (i = 0; i < n; ++i) {
            const lino_size channel = first + i, at = row * dx->cols + channel;
            const double g = lino_passes(from, row, channel) ? (double)lino_float(dx, at) : 0.0;
            const double u = (double)lino_partner(from, row, channel);
            const double value = (g - mean[i] - u * slope[i]) * factor[i];
            const double offset = g == 0.0 ? (double)(int32_t)(dither(row, channel) ^ NEAREST) / 4294967296.0 : 0.0;
            const double number = halves ? (value + offset) * 2.0 - 0.5 : value + offset;
            lino_store_mantissa(seen, call->operands + DY, at, lino_rounded(number, -FIXED_LIMIT, FIXED_LIMIT));
        }
    }
}

/* Integers too, in units of their exponent. */
static void floats(const lino_call* call, const lino_masked* from, lino_size first, lino_size n, int exponent) {
    const lino_operand* dx = from->dx;
    float mean[AT_ONCE], slope[AT_ONCE], inverse[AT_ONCE];
    lino_size row, i;
    for (i = 0; i < n; ++i) {
        const channel_sums of = sums_of(call, first + i);
        mean[i] = (float)of.mean;
        slope[i] = (float)of.slope;
        inverse[i] = (float)ldexp(of.inverse, exponent);
    }
    for (row = 0; row < dx->rows; ++row) {
        for (i = 0; i < n; ++i) {
            const lino_size channel = first + i, at = row * dx->cols + channel;
            const float g = lino_passes(from, row, channel) ? lino_float(dx, at) : 0.0f;
            const float u = lino_partner(from, row, channel);
            const float out = (g - mean[i] - u * slope[i]) * inverse[i];
            const lino_operand* more = call->operands + MORE;
            lino_store(call->operands + DY, at, more->data ? out + lino_float(more, at) : out);
        }
    }
}

void lino_norm_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const lino_masked from = lino_masked_of(dx, all + X, all + MASK, all + HALF, all + BETA, call->attributes);
    const int unit = lino_unit_exponent(all + UNIT);
    const int exponent = all[DX_EXPONENT].data ? (int)*(const int32_t*)all[DX_EXPONENT].data : unit;
    const int32_t k = size_up(call, exponent);
    lino_rounding seen = {0, 0, 0, 0, 0};
    int finer = 0;
    lino_size first;
    if (all[DY_EXPONENT].data) {
        seen.limit = lino_most_mantissa(all + DY);
        const int64_t largest = (int64_t)exponent + k - bits_of(call);
        finer = (int)choose_finer(call, largest);
        *(int32_t*)all[DY_EXPONENT].data = (int32_t)(largest - finer);
    }
    for (first = 0; first < dx->cols; first += AT_ONCE) {
        const lino_size n = lino_least(AT_ONCE, dx->cols - first);
        if (!all[DY_EXPONENT].data)
            floats(call, &from, first, n, (int)lino_clamp_wide((int64_t)exponent - unit, -8192, 8192));
        else if (all[X].format == LINO_BIT && lino_is_integer(dx))
            integers(call, &from, first, n, ldexp(1.0, bits_of(call) - k + FRACTION), finer, &seen);
        else if (all[X].format == LINO_BIT)
            singles(call, &from, first, n, ldexp(1.0, bits_of(call) - k + finer), &seen);
        else
            doubles(call, &from, first, n, ldexp(1.0, bits_of(call) - k + finer), &seen);
    }
    if (all[DY_EXPONENT].data) lino_note(&seen, all + SCALE);
}
