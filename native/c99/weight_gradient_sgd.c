/* weight_gradient_sgd: the gradient of a dense layer's weights and their step by sgd, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "fused_dense.h"
#include "sgd.h"

enum { SIGNS = 6 };

void lino_weight_gradient_sgd(const lino_call* call) {
    const lino_operand* all = call->operands;
    const int signs = call->attributes[SIGNS] != 0.0;
    const lino_step step = lino_sgd_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, call->attributes, signs);
    lino_move_dense(call, &step, signs);
}
