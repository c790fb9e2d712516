/* norm_statistics: mean and deviation of each channel, and their running averages
   (src/linocut/ops/norm_statistics.py). */
#include "norm.h"

enum { Y, STATS, RUNNING, WORK };
enum { NORM, MOMENTUM, FIRST };
enum { SUM, SPREAD, COUNT, QUANTITIES };

/* Of integers: the deviations sum to 0, so that sum |y - mu| is twice the sum of the positive ones. */
static void deviate_exactly(const lino_call* call, lino_size channel, double mu) {
    const lino_operand *y = call->operands + Y, *work = call->operands + WORK;
    const lino_size parts = work->rows / QUANTITIES;
    const double floor_of_mu = floor(mu);
    lino_size part, row;
    for (part = 0; part < parts; ++part) {
        int64_t above = 0;
        int32_t count = 0;
        for (row = lino_begin(y->rows, parts, part); row < lino_begin(y->rows, parts, part + 1); ++row) {
            const int32_t value = lino_integer(y, row * y->cols + channel);
            if (!((double)value > floor_of_mu)) continue;
            above += value;
            ++count;
        }
        lino_work(work, QUANTITIES, SPREAD, part)[channel] = (double)above;
        lino_work(work, QUANTITIES, COUNT, part)[channel] = (double)count;
    }
}

static void deviate(const lino_call* call, lino_size channel, double mu) {
    const lino_operand *y = call->operands + Y, *work = call->operands + WORK;
    const lino_size parts = work->rows / QUANTITIES;
    lino_size part, row;
    for (part = 0; part < parts; ++part) {
        double sum = 0.0;
        for (row = lino_begin(y->rows, parts, part); row < lino_begin(y->rows, parts, part + 1); ++row) {
            const double deviation = lino_double(y, row * y->cols + channel) - mu;
            sum += call->attributes[NORM] == LINO_L2 ? deviation * deviation : fabs(deviation);
        }
        lino_work(work, QUANTITIES, SPREAD, part)[channel] = sum;
        lino_work(work, QUANTITIES, COUNT, part)[channel] = 0.0;
    }
}

static void add_up(const lino_call* call, lino_size channel, int exact) {
    const lino_operand *y = call->operands + Y, *work = call->operands + WORK;
    const lino_size parts = work->rows / QUANTITIES;
    lino_size part, row;
    for (part = 0; part < parts; ++part) {
        int64_t whole = 0;
        double sum = 0.0;
        for (row = lino_begin(y->rows, parts, part); row < lino_begin(y->rows, parts, part + 1); ++row) {
            if (exact)
                whole += lino_integer(y, row * y->cols + channel);
            else
                sum += lino_double(y, row * y->cols + channel);
        }
        lino_work(work, QUANTITIES, SUM, part)[channel] = exact ? (double)whole : sum;
    }
}

static void keep(const lino_operand* to, lino_size row, lino_size channel, double value) {
    lino_store(to, row * to->cols + channel, (float)value);
}

void lino_norm_statistics(const lino_call* call) {
    const lino_operand *y = call->operands + Y, *stats = call->operands + STATS, *running = call->operands + RUNNING,
                       *work = call->operands + WORK;
    const double rows = (double)y->rows, norm = call->attributes[NORM], momentum = call->attributes[MOMENTUM];
    const double unit = norm == LINO_SCALED_L1 ? 1.2533141373155003 : 1.0; /* sqrt(pi / 2) */
    const int integers = lino_is_integer(y), exact = integers && norm != LINO_L2;
    lino_size c, row;
    for (c = 0; c < y->cols; ++c) {
        const lino_size channel = (lino_size)call->attributes[FIRST] + c;
        double mu, spread;
        add_up(call, c, integers);
        mu = lino_total(work, QUANTITIES, SUM, c) / rows;
        if (exact)
            deviate_exactly(call, c, mu);
        else
            deviate(call, c, mu);
        spread = lino_total(work, QUANTITIES, SPREAD, c);
        if (exact) spread = 2.0 * (spread - lino_total(work, QUANTITIES, COUNT, c) * mu);
        keep(stats, 0, channel, mu);
        keep(stats, 1, channel, spread / rows * unit);
        for (row = 0; row < 2 && running->data; ++row) {
            const double kept = (double)lino_channel(running, row, channel) * momentum;
            keep(running, row, channel, kept + (double)lino_channel(stats, row, channel) * (1.0 - momentum));
        }
    }
}
