/* weight_gradient_sgd: the gradient of a dense layer's weights and their step by sgd, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "dense_gradient.h"
#include "gradient_words.h"
#include "sgd.h"

enum { DY, X, W, M, CONTROL, RANDOM, COUNTERS, MICRO };
enum { SIGNS = 6 };

void lino_weight_gradient_sgd(const lino_call* call) {
    const lino_operand *all = call->operands, *dy = all + DY, *x = all + X;
    const int signs = call->attributes[SIGNS] != 0.0;
    const lino_step step = lino_sgd_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, call->attributes, signs);
    int64_t flips = 0;
    lino_size output, first;
    for (output = 0; output < dy->cols; ++output) {
        for (first = 0; first < x->cols; first += 64) {
            const lino_size n = lino_least(64, x->cols - first);
            int32_t gradients[64];
            int8_t found[64];
            lino_dense_gradient(dy, x, output, first, n, gradients);
            lino_in_q7(gradients, n, signs, found);
            flips += lino_move(&step, found, all + W, all + M, output * x->cols + first, n,
                               (uint32_t)(output * ((x->cols + 63) / 64) + first / 64));
        }
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
