/* weight_gradient_bop: the gradient of a dense layer's weights and their step by bop, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "dense_gradient.h"
#include "fixed_point.h"

enum { DY, X, WEIGHTS, M, RANDOM, COUNTERS, MICRO };
enum { GAMMA, TAU, SCALE, SALT };

void lino_weight_gradient_bop(const lino_call* call) {
    const lino_operand *all = call->operands, *dy = all + DY, *x = all + X;
    const double* a = call->attributes;
    const lino_slow slow = lino_slow_of(all + M, a[GAMMA], a[TAU], a[SCALE], all + MICRO, all + RANDOM, a[SALT]);
    int64_t flips = 0;
    lino_size output, first, c;
    for (output = 0; output < dy->cols; ++output) {
        for (first = 0; first < x->cols; first += 64) {
            const lino_size n = lino_least(64, x->cols - first);
            int32_t gradients[64];
            uint8_t positive[64];
            lino_dense_gradient(dy, x, output, first, n, gradients);
            for (c = 0; c < n; ++c) positive[c] = gradients[c] >= 0;
            flips += lino_flip(&slow, positive, lino_bits(all + WEIGHTS, output), all + M, first,
                               output * x->cols + first, n);
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
