/* conv2d_weight_gradient_bop: the gradient of a convolution's weights and their step by bop, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "conv2d_gradient.h"
#include "fixed_point.h"

enum { DY, X, WEIGHTS, M, RANDOM, COUNTERS, MICRO };
enum { GAMMA = 3, TAU, SCALE, SALT }; /* behind those of the window */

void lino_conv2d_weight_gradient_bop(const lino_call* call) {
    const lino_operand *all = call->operands, *weights = all + WEIGHTS;
    const double* a = call->attributes;
    const lino_slow slow = lino_slow_of(all + M, a[GAMMA], a[TAU], a[SCALE], all + MICRO, all + RANDOM, a[SALT]);
    const lino_window window = lino_convolution_of(all + X, weights, all + DY, a);
    int64_t flips = 0;
    lino_size row, first, c;
    for (row = 0; row < weights->rows; ++row) {
        for (first = 0; first < weights->cols; first += 64) {
            const lino_size n = lino_least(64, weights->cols - first);
            int64_t gradients[64];
            uint8_t positive[64];
            lino_conv2d_gradient(&window, all + DY, all + X, row, first, n, gradients);
            for (c = 0; c < n; ++c) positive[c] = gradients[c] >= 0;
            flips +=
                lino_flip(&slow, positive, lino_bits(weights, row), all + M, first, row * weights->cols + first, n);
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
