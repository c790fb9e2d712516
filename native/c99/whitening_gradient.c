/* whitening_gradient: what dY of whitened complex channels is made of (src/linocut/ops/whitening.py). */
#include "whitening.h"

enum { DZ, Z, MATRIX, GAINS, MEAN, WORK };
enum { RE, IM, RR, RI, IR, II, QUANTITIES };

static void add_up(const lino_call* call, lino_size channel) {
    const lino_operand *dz = call->operands + DZ, *z = call->operands + Z, *work = call->operands + WORK;
    const lino_size half = dz->cols / 2, parts = work->rows / QUANTITIES;
    lino_size part, row;
    int q;
    for (part = 0; part < parts; ++part) {
        double sums[QUANTITIES] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
        for (row = lino_begin(dz->rows, parts, part); row < lino_begin(dz->rows, parts, part + 1); ++row) {
            const lino_size at = row * dz->cols + channel;
            const double g_re = lino_double(dz, at), g_im = lino_double(dz, at + half);
            const double z_re = lino_double(z, at), z_im = lino_double(z, at + half);
            sums[RE] += g_re;
            sums[IM] += g_im;
            sums[RR] += g_re * z_re;
            sums[RI] += g_re * z_im;
            sums[IR] += g_im * z_re;
            sums[II] += g_im * z_im;
        }
        for (q = 0; q < QUANTITIES; ++q) lino_work(work, QUANTITIES, q, part)[channel] = sums[q];
    }
}

/* Q without its factor, of the sums of products of dZ and z. */
static lino_white of_sums(lino_white m, lino_white sums) {
    const double determinant = m.rr * m.ii - m.ri * m.ri, trace = m.rr + m.ii;
    lino_white inverse, b, turned, k;
    inverse.rr = m.ii / determinant;
    inverse.ri = inverse.ir = -m.ri / determinant;
    inverse.ii = m.rr / determinant;
    b = lino_white_times(sums, inverse);
    b.ri = b.ir = 0.5 * (b.ri + b.ir);
    turned = lino_white_times(lino_white_times(inverse, b), inverse);
    k.rr = (b.rr + determinant * turned.rr) / (2.0 * trace);
    k.ri = (b.ri + determinant * turned.ri) / (2.0 * trace);
    k.ir = (b.ir + determinant * turned.ir) / (2.0 * trace);
    k.ii = (b.ii + determinant * turned.ii) / (2.0 * trace);
    return lino_white_times(lino_white_times(lino_white_times(m, m), k), m);
}

void lino_whitening_gradient(const lino_call* call) {
    const lino_operand *matrix = call->operands + MATRIX, *gains = call->operands + GAINS;
    const double rows = (double)call->operands[DZ].rows, factor = -2.0 / rows;
    const lino_size half = matrix->cols;
    lino_size c;
    int q;
    for (c = 0; c < half; ++c) {
        double total[QUANTITIES];
        lino_white m, sums, found;
        add_up(call, c);
        for (q = 0; q < QUANTITIES; ++q) total[q] = lino_total(call->operands + WORK, QUANTITIES, q, c);
        m.rr = lino_double(matrix, c);
        m.ri = m.ir = lino_double(matrix, half + c);
        m.ii = lino_double(matrix, 2 * half + c);
        sums.rr = total[RR];
        sums.ri = total[RI];
        sums.ir = total[IR];
        sums.ii = total[II];
        found = of_sums(m, sums);
        lino_store(gains, c, (float)(found.rr * factor));
        lino_store(gains, half + c, (float)(found.ri * factor));
        lino_store(gains, 2 * half + c, (float)(found.ir * factor));
        lino_store(gains, 3 * half + c, (float)(found.ii * factor));
        lino_white_mean(call->operands + MEAN, c, total[RE] / rows, total[IM] / rows);
    }
}
