/* adam: Kingma & Ba, arXiv 1412.6980, on floats or in fixed point (src/linocut/ops/adam.py). */
#include "adam.h"

#include "updates.h"

enum { W, M, V, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { BETA1, BETA2, EPSILON, SCALE, CLIP, SALT };

static int64_t floats(const lino_call* call) {
    const lino_operand *all = call->operands, *w = all + W;
    const double *a = call->attributes, *control = lino_doubles(all + CONTROL);
    const lino_shares shares = lino_shares_of(all + DW, all + MICRO, a[BETA1], 1.0 - a[BETA1]);
    const float beta2 = (float)a[BETA2], fresh2 = (float)(1.0 - a[BETA2]), epsilon = (float)a[EPSILON];
    const float rate = (float)(control[LINO_RATE] / (1.0 - control[LINO_BETA1_POWER]));
    const float correction = (float)(1.0 / sqrt(1.0 - control[LINO_BETA2_POWER])), clip = (float)a[CLIP];
    const uint32_t key = lino_step_key(lino_random_state(all + RANDOM), a[SALT]);
    int64_t flips = 0;
    lino_size row, column;
    if (!shares.due) return 0;
    for (row = 0; row < w->rows; ++row) {
        for (column = 0; column < w->cols; ++column) {
            const lino_size at = row * w->cols + column;
            const float g = lino_gradient(all + DW, row, column, (float)a[SCALE]);
            const float first = lino_float(all + M, at) * shares.kept + g * shares.fresh;
            float second, moved;
            lino_store(all + M, at, first);
            if (!shares.moves) continue;
            second = lino_float(all + V, at) * beta2 + g * g * fresh2;
            lino_store_dithered(all + V, row, column, second, key, LINO_MOMENT_STREAM);
            moved = lino_float(w, at) - rate * first / (sqrtf(second) * correction + epsilon);
            flips += lino_store_weight(w, row, column, moved, clip, key);
        }
    }
    return flips;
}

void lino_adam(const lino_call* call) {
    const lino_operand* all = call->operands;
    const double* a = call->attributes;
    lino_step step;
    int64_t flips;
    if (all[V].data) {
        flips = floats(call);
    } else {
        step = lino_adam_step(all + W, all + CONTROL, all + RANDOM, all + MICRO, a, all[DW].format == LINO_BIT);
        flips = lino_move_all(&step, all + W, all + M, all + DW);
    }
    lino_count(lino_longs(all + COUNTERS), LINO_FLIPS, flips);
}
