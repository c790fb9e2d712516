/* norm_gradient_sums: what the backward pass of batch norm needs of each channel: sum g, sum g u, max |g|, and of l1
   omega and 0, of the scaled l1 norm sum u and sum u^2 (src/linocut/ops/norm_gradient_sums.py). */
#include "norm.h"

enum { DX, X, MASK, HALF, BETA, OMEGA, SUMS, WORK };
enum { TOTAL, PRODUCT, LARGEST, THIRD, SQUARE, QUANTITIES };

/* Rows of one part, of integers beside bits: exact. */
static void add_integers(const lino_masked* from, lino_size channel, lino_size begin, lino_size end, double* sums) {
    int64_t total = 0, product = 0, third = 0, square = 0;
    int32_t largest = 0;
    lino_size row;
    for (row = begin; row < end; ++row) {
        const int32_t u = lino_level(from, row, channel);
        const int32_t g = lino_passes(from, row, channel) ? lino_integer(from->dx, row * from->dx->cols + channel) : 0;
        const int32_t size = g < 0 ? -g : g;
        total += g;
        product += (int64_t)g * u;
        third += u;
        square += u * u;
        if (size > largest) largest = size;
    }
    sums[TOTAL] = (double)total;
    sums[PRODUCT] = (double)product;
    sums[LARGEST] = (double)largest;
    sums[THIRD] = (double)third;
    sums[SQUARE] = (double)square;
}

static void add_floats(const lino_masked* from, lino_size channel, lino_size begin, lino_size end, double* sums) {
    lino_size row;
    for (row = 0; row < QUANTITIES; ++row) sums[row] = 0.0;
    for (row = begin; row < end; ++row) {
        const double u = (double)lino_partner(from, row, channel);
        const double g =
            lino_passes(from, row, channel) ? (double)lino_float(from->dx, row * from->dx->cols + channel) : 0.0;
        sums[TOTAL] += g;
        sums[PRODUCT] += g * u;
        if (fabs(g) > sums[LARGEST]) sums[LARGEST] = fabs(g);
        sums[THIRD] += u;
        sums[SQUARE] += u * u;
    }
}

/* The sum of |x|, x being kept in floats. */
static double sizes(const lino_operand* x, lino_size channel, lino_size begin, lino_size end) {
    double sum = 0.0;
    lino_size row;
    for (row = begin; row < end; ++row) sum += (double)fabsf(lino_float(x, row * x->cols + channel));
    return sum;
}

static void add_part(const lino_call* call, const lino_masked* from, lino_size channel, lino_size part) {
    const lino_operand *all = call->operands, *work = all + WORK;
    const lino_size parts = work->rows / QUANTITIES, rows = from->dx->rows;
    const lino_size begin = lino_begin(rows, parts, part), end = lino_begin(rows, parts, part + 1);
    const int bits = from->x->format == LINO_BIT;
    double sums[QUANTITIES];
    lino_size quantity;
    if (bits && lino_is_integer(from->dx))
        add_integers(from, channel, begin, end, sums);
    else
        add_floats(from, channel, begin, end, sums);
    if (from->norm != LINO_SCALED_L1) {
        sums[THIRD] = sums[SQUARE] = 0.0;
        if (from->norm == LINO_L1 && !bits && !all[OMEGA].data) sums[THIRD] = sizes(from->x, channel, begin, end);
    }
    for (quantity = 0; quantity < QUANTITIES; ++quantity)
        lino_work(work, QUANTITIES, quantity, part)[channel] = sums[quantity];
}

void lino_norm_gradient_sums(const lino_call* call) {
    const lino_operand *all = call->operands, *work = all + WORK;
    const lino_size parts = work->rows / QUANTITIES, channels = all[DX].cols;
    const lino_masked from = lino_masked_of(all + DX, all + X, all + MASK, all + HALF, all + BETA, call->attributes);
    double* sums = lino_doubles(all + SUMS);
    lino_size channel, part;
    for (channel = 0; channel < channels; ++channel) {
        double largest = 0.0, third;
        for (part = 0; part < parts; ++part) {
            double found;
            add_part(call, &from, channel, part);
            found = lino_work(work, QUANTITIES, LARGEST, part)[channel];
            if (found > largest) largest = found;
        }
        third = lino_total(work, QUANTITIES, THIRD, channel);
        if (from.norm == LINO_L1)
            third = all[OMEGA].data ? (double)lino_channel(all + OMEGA, 0, channel) : third / (double)all[DX].rows;
        sums[TOTAL * channels + channel] = lino_total(work, QUANTITIES, TOTAL, channel);
        sums[PRODUCT * channels + channel] = lino_total(work, QUANTITIES, PRODUCT, channel);
        sums[LARGEST * channels + channel] = largest;
        sums[THIRD * channels + channel] = third;
        sums[SQUARE * channels + channel] = lino_total(work, QUANTITIES, SQUARE, channel);
    }
}
