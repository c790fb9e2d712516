/* conv2d_weight_gradient_adam: the gradient of a convolution's weights and their step by adam, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "adam.h"
#include "fused_conv2d.h"

enum { SIGNS = OF_WINDOW + 6 };

void lino_conv2d_weight_gradient_adam(const lino_call* call) {
    const lino_operand* all = call->operands;
    const int signs = call->attributes[SIGNS] != 0.0;
    const lino_step step =
        lino_adam_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, call->attributes + OF_WINDOW, signs);
    lino_move_conv2d(call, &step, signs);
}
