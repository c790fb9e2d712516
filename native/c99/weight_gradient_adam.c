/* weight_gradient_adam: the gradient of a dense layer's weights and their step by adam, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "adam.h"
#include "fused_dense.h"

enum { SIGNS = 6 };

void lino_weight_gradient_adam(const lino_call* call) {
    const lino_operand* all = call->operands;
    const int signs = call->attributes[SIGNS] != 0.0;
    const lino_step step = lino_adam_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, call->attributes, signs);
    lino_move_dense(call, &step, signs);
}
