/* mean_squared_error: the loss of regression, and its gradient (src/linocut/ops/mean_squared_error.py). */
#include "losses.h"

static double loss(double x, double target) { return (x - target) * (x - target); }
static double slope(double x, double target, double elements) { return (x - target) * (2.0 / elements); }
static int right(double x, double target) {
    (void)x;
    (void)target;
    return 0;
}

void lino_mean_squared_error(const lino_call* call) {
    static const lino_loss of = {loss, slope, right};
    lino_run_loss(call, &of);
}
