/* covariance: means, variances and covariance of the parts of complex channels (src/linocut/ops/whitening.py). */
#include "norm.h"

enum { Y, STATS, RUNNING, WORK };
enum { RE, IM, RR, II, RI, QUANTITIES };
enum { STATISTICS = 5 };

static void add_up(const lino_call* call, lino_size channel) {
    const lino_operand *y = call->operands + Y, *work = call->operands + WORK;
    const lino_size half = y->cols / 2, parts = work->rows / QUANTITIES;
    const double base_re = lino_double(y, channel), base_im = lino_double(y, half + channel);
    lino_size part, row;
    int q;
    for (part = 0; part < parts; ++part) {
        double sums[QUANTITIES] = {0.0, 0.0, 0.0, 0.0, 0.0};
        for (row = lino_begin(y->rows, parts, part); row < lino_begin(y->rows, parts, part + 1); ++row) {
            const lino_size at = row * y->cols + channel;
            const double re = lino_double(y, at) - base_re, im = lino_double(y, at + half) - base_im;
            sums[RE] += re;
            sums[IM] += im;
            sums[RR] += re * re;
            sums[II] += im * im;
            sums[RI] += re * im;
        }
        for (q = 0; q < QUANTITIES; ++q) lino_work(work, QUANTITIES, q, part)[channel] = sums[q];
    }
}

static double variance(double square, double mean) {
    const double found = square - mean * mean;
    return found < 0.0 ? 0.0 : found;
}

void lino_covariance(const lino_call* call) {
    const lino_operand *y = call->operands + Y, *stats = call->operands + STATS, *running = call->operands + RUNNING;
    const double rows = (double)y->rows, momentum = call->attributes[0];
    const lino_size half = stats->cols;
    lino_size c;
    int q;
    for (c = 0; c < half; ++c) {
        double mean[QUANTITIES], found[STATISTICS];
        add_up(call, c);
        for (q = 0; q < QUANTITIES; ++q) mean[q] = lino_total(call->operands + WORK, QUANTITIES, q, c) / rows;
        found[0] = lino_double(y, c) + mean[RE];
        found[1] = lino_double(y, half + c) + mean[IM];
        found[2] = variance(mean[RR], mean[RE]);
        found[3] = variance(mean[II], mean[IM]);
        found[4] = mean[RI] - mean[RE] * mean[IM];
        for (q = 0; q < STATISTICS; ++q) {
            const lino_size at = q * half + c;
            lino_store(stats, at, (float)found[q]);
            if (running->data) {
                const double kept = lino_double(running, at) * momentum;
                lino_store(running, at, (float)(kept + lino_double(stats, at) * (1.0 - momentum)));
            }
        }
    }
}
