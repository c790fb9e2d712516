/* complex_conv2d: a convolution in complex numbers whose parts are bits (src/linocut/ops/complex_conv2d.py). */
#include "window.h"

/* What a number of x and one of a weight count: p and q of the kernels' two counts, one number after the other. */
static void count(const uint32_t* x, const uint32_t* w, lino_size half, int32_t* re, int32_t* im) {
    lino_size c;
    for (c = 0; c < half; ++c) {
        const uint32_t xr = lino_bit(x, c), xi = lino_bit(x, half + c), wr = lino_bit(w, c);
        const uint32_t chosen = wr ^ lino_bit(w, half + c), both = wr ^ ((xr ^ xi) & chosen);
        const int32_t p = (int32_t)(both ^ xr), q = (int32_t)(both ^ xi ^ chosen);
        *re += 2 * (q - p);
        *im += 2 * (1 - p - q);
    }
}

void lino_complex_conv2d(const lino_call* call) {
    const lino_operand *x = call->operands, *weights = x + 1, *y = x + 2;
    const lino_window window = lino_convolution_of(x, weights, y, call->attributes);
    const lino_size outputs = (lino_size)weights->shape[0], half = x->cols / 2;
    lino_size b, i, j, n, p, q, at = 0;
    for (b = 0; b < window.batch; ++b) {
        for (i = 0; i < window.out_height; ++i) {
            for (j = 0; j < window.out_width; ++j, at += y->cols) {
                const lino_taps rows = lino_rows_within(&window, i), columns = lino_columns_within(&window, j);
                for (n = 0; n < outputs; ++n) {
                    int32_t re = 0, im = 0;
                    for (p = rows.begin; p < rows.end; ++p) {
                        for (q = columns.begin; q < columns.end; ++q) {
                            const lino_size tap = (n * window.rows + p) * window.columns + q;
                            count(lino_bits(x, lino_seen(&window, b, i, j, p, q)), lino_bits(weights, tap), half, &re,
                                  &im);
                        }
                    }
                    lino_store_sum(y, at + n, re);
                    lino_store_sum(y, at + outputs + n, im);
                }
            }
        }
    }
}
