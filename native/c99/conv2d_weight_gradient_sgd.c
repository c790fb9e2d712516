/* conv2d_weight_gradient_sgd: the gradient of a convolution's weights and their step by sgd, without a dW
   (src/linocut/ops/fused_updates.py). */
#include "fused_conv2d.h"
#include "sgd.h"

enum { SIGNS = OF_WINDOW + 6 };

void lino_conv2d_weight_gradient_sgd(const lino_call* call) {
    const lino_operand* all = call->operands;
    const int signs = call->attributes[SIGNS] != 0.0;
    const lino_step step =
        lino_sgd_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, call->attributes + OF_WINDOW, signs);
    lino_move_conv2d(call, &step, signs);
}
