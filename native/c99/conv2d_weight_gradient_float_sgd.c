/* conv2d_weight_gradient_float_sgd: the gradient of a convolution's weights in floats and their step by sgd, without a
   dW (src/linocut/ops/conv2d_weight_gradient_float_sgd.py). */
#include "conv2d_float_gradient.h"
#include "sgd.h"

enum { DY, X, W, M, CONTROL, RANDOM, COUNTERS };
enum { MOMENTUM = 4 }; /* the first attribute of sgd, after those of the gradient */
enum { AT_ONCE = 32 };

void lino_conv2d_weight_gradient_float_sgd(const lino_call* call) {
    const lino_operand *all = call->operands, *w = all + W, none = {0};
    const double* a = call->attributes + MOMENTUM;
    const lino_window window = lino_convolution_of(all + X, w, all + DY, call->attributes);
    const lino_shares whole = lino_shares_of(w, &none, a[0], 1.0);
    const lino_float_sgd step = lino_float_sgd_of(all + CONTROL, all + RANDOM, whole, a);
    int64_t flips = 0;
    lino_size row, first, c;
    for (row = 0; row < w->rows; ++row) {
        for (first = 0; first < w->cols; first += AT_ONCE) {
            const lino_size n = lino_least(AT_ONCE, w->cols - first);
            float sums[AT_ONCE];
            lino_conv2d_float_gradient(&window, all + DY, all + X, row, first, n, sums);
            for (c = 0; c < n; ++c) flips += lino_float_sgd_move(&step, w, all + M, row, first + c, sums[c]);
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
