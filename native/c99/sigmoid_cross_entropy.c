/* sigmoid_cross_entropy: the loss of outputs that are yes or no each, and its gradient
   (src/linocut/ops/sigmoid_cross_entropy.py). */
#include "losses.h"

static double loss(double x, double target) {
    return (x > 0.0 ? x : 0.0) - x * target + lino_log(1.0 + lino_exp(-fabs(x)));
}
static double slope(double x, double target, double elements) {
    return (lino_logistic(x, lino_exp(-fabs(x))) - target) * (1.0 / elements);
}
static int right(double x, double target) { return (x >= 0.0) == (target >= 0.5); }

void lino_sigmoid_cross_entropy(const lino_call* call) {
    static const lino_loss of = {loss, slope, right};
    lino_run_loss(call, &of);
}
