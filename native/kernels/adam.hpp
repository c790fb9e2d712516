// adam: Kingma & Ba, on floats or in fixed point (src/linocut/ops/adam.py).
#pragma once

#include "updates.hpp"

namespace linocut::LINOCUT_NS::adam {

enum { W, M, V, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { BETA1, BETA2, EPSILON, SCALE, CLIP, SALT, SIGNS };

inline i64 units(const Call& call) { return updates::units(call.operands[W]); }

inline double corrected_rate(const Operand& control) {
    const double* clock = row<double>(control, 0);
    return clock[control_rate] / (1.0 - clock[control_beta1_power]);
}

inline FixedStep fixed_step(const Operand& w, const Operand& control, const Operand& random, const Operand& micro,
                            const double* attributes, bool signs) {
    const double rate = corrected_rate(control) * updates::deviations(signs);
    return {w.format, attributes[BETA1], rate, attributes[CLIP], micro_batch(micro), random, attributes[SALT]};
}

inline i64 floats(const Call& call, i64 begin, i64 end) {
    const Operand &w = call.operands[W], &m = call.operands[M], &v = call.operands[V];
    const double* a = call.attributes;
    const updates::Shares shares(call.operands[DW], call.operands[MICRO], a[BETA1], 1.0 - a[BETA1]);
    if (!shares.due) return 0;
    const float beta2 = static_cast<float>(a[BETA2]), fresh2 = static_cast<float>(1.0 - a[BETA2]);
    const float epsilon = static_cast<float>(a[EPSILON]), scale = static_cast<float>(a[SCALE]);
    const float rate = static_cast<float>(corrected_rate(call.operands[CONTROL]));
    const double power = row<double>(call.operands[CONTROL], 0)[control_beta2_power];
    const float correction = static_cast<float>(1.0 / std::sqrt(1.0 - power));
    const u32 key = step_key(call.operands[RANDOM], a[SALT]);
    i64 flips = 0;
    updates::each_segment(w, begin, end, [&](i64 r, i64 from, i64 n) {
        float g[segment], weight[segment], first[segment], second[segment];
        updates::load_gradient(call.operands[DW], r, from, n, scale, g);
        load_floats(w, r, from, n, weight);
        load_floats(m, r, from, n, first);
        load_floats(v, r, from, n, second);
        for (i64 i = 0; i < n; ++i) {
            first[i] = first[i] * shares.kept + g[i] * shares.fresh;
        }
        store_floats(m, r, from, n, first);
        if (!shares.moves) return;
        for (i64 i = 0; i < n; ++i) {
            second[i] = second[i] * beta2 + g[i] * g[i] * fresh2;
            weight[i] = weight[i] - rate * first[i] / (std::sqrt(second[i]) * correction + epsilon);
        }
        store_dithered(v, r, from, n, second, key, moment_stream);
        flips += updates::store_weights(w, r, from, n, weight, static_cast<float>(a[CLIP]), key);
    });
    return flips;
}

inline void run(const Call& call, i64 begin, i64 end) {
    i64 flips = 0;
    if (given(call.operands[V])) {
        flips = floats(call, begin, end);
    } else {
        const Operand *all = call.operands, &w = all[W];
        const bool signs = all[DW].format == Format::bit;
        const FixedStep step = fixed_step(w, all[CONTROL], all[RANDOM], all[MICRO], call.attributes, signs);
        flips = updates::move_fixed(step, w, all[M], all[DW], begin, end);
    }
    add_to_counter(call.operands[COUNTERS], counter_flips, flips);
}

}  // namespace linocut::LINOCUT_NS::adam
