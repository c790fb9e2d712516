/* optimizer_tick: one step on the optimizer's clock (src/linocut/ops/optimizer_tick.py). */
#include "fixed_point.h"

enum { CONTROL, RANDOM, MICRO };
enum { BETA1, BETA2, MICRO_BATCHES };

static int begins_step(const lino_call* call) {
    const int64_t count = (int64_t)call->attributes[MICRO_BATCHES];
    int64_t* micro = lino_longs(call->operands + MICRO);
    if (!micro) return 1;
    micro[0] = micro[0] > 0 && micro[0] < count ? micro[0] + 1 : 1;
    micro[1] = count;
    return micro[0] == 1;
}

void lino_optimizer_tick(const lino_call* call) {
    const lino_operand* random = call->operands + RANDOM;
    const uint64_t state = lino_random_state(random) + LINO_GOLDEN_64;
    if (begins_step(call)) {
        double* control = lino_doubles(call->operands + CONTROL);
        control[LINO_STEPS] += 1.0;
        control[LINO_BETA1_POWER] *= call->attributes[BETA1];
        control[LINO_BETA2_POWER] *= call->attributes[BETA2];
    }
    memcpy(random->data, &state, sizeof state);
}
