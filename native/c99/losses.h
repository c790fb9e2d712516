/* What the losses share: gradients as floats or as mantissas; and the losses of outputs with a target each
   (src/linocut/ops/losses.py). */
#ifndef LINO_LOSSES_H
#define LINO_LOSSES_H

#include "elementary.h"

enum { LINO_OUTPUTS, LINO_TARGETS, LINO_GRADIENT, LINO_GRADIENT_EXPONENT, LINO_LOSS, LINO_COUNTERS };

/* By what slopes become i16 mantissas of which the largest fills 15 bits. */
typedef struct lino_unit {
    double unit, more;
} lino_unit;

static inline lino_unit lino_unit_of(const lino_operand* exponent, double largest) {
    lino_unit found = {1.0, 1.0};
    if (exponent->data) {
        const int shift = 15 - lino_binary_exponent(largest), some = shift < 1000 ? shift : 1000;
        found.unit = ldexp(1.0, some); /* no slope overflows by it */
        found.more = ldexp(1.0, shift - some);
        *(int32_t*)exponent->data = -shift;
    }
    return found;
}

static inline void lino_store_slope(const lino_operand* gradient, lino_size at, double slope, lino_unit unit) {
    if (gradient->format == LINO_I16)
        lino_store_integer(gradient, at, lino_rounded(slope * unit.unit * unit.more, -32767.0, 32767.0));
    else
        lino_store(gradient, at, (float)slope);
}

/* A loss of one output, the slope of the mean over outputs and rows, which is divided by `elements`, and whether the
   output is right. */
typedef struct lino_loss {
    double (*loss)(double x, double target);
    double (*slope)(double x, double target, double elements);
    int (*right)(double x, double target);
} lino_loss;

static inline double lino_output(const lino_call* call, lino_size at) {
    return (double)lino_float(call->operands + LINO_OUTPUTS, at);
}

static inline double lino_target(const lino_call* call, lino_size at) {
    return (double)((const float*)call->operands[LINO_TARGETS].data)[at];
}

static inline double lino_slope(const lino_call* call, const lino_loss* of, lino_size row, lino_size column) {
    const lino_size cols = call->operands[LINO_OUTPUTS].cols, at = row * cols + column;
    const double first = lino_target(call, row * cols);
    if (!(first == first)) return 0.0; /* a row whose first target is not a number is not an example */
    return of->slope(lino_output(call, at), lino_target(call, at),
                     (double)cols * (double)call->operands[LINO_OUTPUTS].rows);
}

static inline void lino_run_loss(const lino_call* call, const lino_loss* of) {
    const lino_operand *all = call->operands, *gradient = all + LINO_GRADIENT;
    const lino_size rows = all[LINO_OUTPUTS].rows, cols = all[LINO_OUTPUTS].cols;
    int64_t* counters = lino_longs(all + LINO_COUNTERS);
    lino_size row, column;
    double largest = 0.0;
    for (row = 0; row < rows; ++row) {
        const double first = lino_target(call, row * cols);
        double sum = 0.0;
        int right = 1;
        if (!(first == first)) continue;
        for (column = 0; column < cols; ++column) {
            const lino_size at = row * cols + column;
            sum += of->loss(lino_output(call, at), lino_target(call, at));
            right &= of->right(lino_output(call, at), lino_target(call, at));
        }
        *lino_doubles(all + LINO_LOSS) += sum / (double)cols;
        lino_count(counters, LINO_CORRECT, right);
        lino_count(counters, LINO_EXAMPLES, 1);
    }
    if (!gradient->data) return;
    for (row = 0; row < rows && all[LINO_GRADIENT_EXPONENT].data; ++row) {
        for (column = 0; column < cols; ++column) {
            const double size = fabs(lino_slope(call, of, row, column));
            if (size > largest) largest = size;
        }
    }
    {
        const lino_unit unit = lino_unit_of(all + LINO_GRADIENT_EXPONENT, largest);
        for (row = 0; row < rows; ++row)
            for (column = 0; column < cols; ++column)
                lino_store_slope(gradient, row * cols + column, lino_slope(call, of, row, column), unit);
    }
}

#endif
