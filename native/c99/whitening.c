/* whitening: the inverse root of a covariance, and the mean beside it (src/linocut/ops/whitening.py). */
#include "whitening.h"

static const double epsilon = 1e-4;

/* Rounding may make the determinant smaller than it can be. */
static lino_white inverse_root(double var_re, double var_im, double both) {
    const double a = var_re + epsilon, c = var_im + epsilon, trace = a + c, found = a * c - both * both;
    const double least = epsilon * trace - epsilon * epsilon;
    const double s = sqrt(found < least ? least : found);
    const double by = 1.0 / (s * sqrt(trace + 2.0 * s));
    lino_white root;
    root.rr = (c + s) * by;
    root.ri = root.ir = -both * by;
    root.ii = (a + s) * by;
    return root;
}

void lino_whitening(const lino_call* call) {
    const lino_operand *stats = call->operands, *matrix = call->operands + 1, *mean = call->operands + 2;
    const lino_size half = stats->cols;
    lino_size c;
    for (c = 0; c < half; ++c) {
        const lino_white root = inverse_root(lino_double(stats, 2 * half + c), lino_double(stats, 3 * half + c),
                                             lino_double(stats, 4 * half + c));
        lino_store(matrix, c, (float)root.rr);
        lino_store(matrix, half + c, (float)root.ri);
        lino_store(matrix, 2 * half + c, (float)root.ii);
        lino_white_mean(mean, c, lino_double(stats, c), lino_double(stats, half + c));
    }
}
