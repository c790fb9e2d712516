/* Fixed-point weights of a convolution along their exact gradient, without a dW: what conv2d_weight_gradient_adam and
   _sgd share (src/linocut/ops/fused_updates.py). */
#ifndef LINO_FUSED_CONV2D_H
#define LINO_FUSED_CONV2D_H

#include "conv2d_gradient.h"
#include "fixed_point.h"
#include "gradient_words.h"

enum { DY, X, W, M, CONTROL, RANDOM, COUNTERS, MICRO };
enum { OF_WINDOW = 3 }; /* attributes, before those of the optimizer */

static inline void lino_move_conv2d(const lino_call* call, const lino_step* step, int signs) {
    const lino_operand *all = call->operands, *w = all + W;
    const lino_window window = lino_convolution_of(all + X, w, all + DY, call->attributes);
    int64_t flips = 0;
    lino_size row, first;
    for (row = 0; row < w->rows; ++row) {
        for (first = 0; first < w->cols; first += 64) {
            const lino_size n = lino_least(64, w->cols - first);
            int64_t gradients[64];
            int8_t found[64];
            lino_conv2d_gradient(&window, all + DY, all + X, row, first, n, gradients);
            lino_wide_in_q7(gradients, n, signs, found);
            flips += lino_move(step, found, w, all + M, row * w->cols + first, n,
                               (uint32_t)(row * ((w->cols + 63) / 64) + first / 64));
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}

#endif
