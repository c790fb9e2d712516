/* Fixed-point weights of a dense layer along their exact gradient, without a dW: what weight_gradient_adam and _sgd
   share (src/linocut/ops/fused_updates.py). */
#ifndef LINO_FUSED_DENSE_H
#define LINO_FUSED_DENSE_H

#include "dense_gradient.h"
#include "fixed_point.h"
#include "gradient_words.h"

enum { DY, X, W, M, CONTROL, RANDOM, COUNTERS, MICRO };

static inline void lino_move_dense(const lino_call* call, const lino_step* step, int signs) {
    const lino_operand *all = call->operands, *dy = all + DY, *x = all + X;
    int64_t flips = 0;
    lino_size output, first;
    for (output = 0; output < dy->cols; ++output) {
        for (first = 0; first < x->cols; first += 64) {
            const lino_size n = lino_least(64, x->cols - first);
            int32_t gradients[64];
            int8_t found[64];
            lino_dense_gradient(dy, x, output, first, n, gradients);
            lino_in_q7(gradients, n, signs, found);
            flips += lino_move(step, found, all + W, all + M, output * x->cols + first, n,
                               (uint32_t)(output * ((x->cols + 63) / 64) + first / 64));
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}

#endif
