// sgd: stochastic gradient descent with momentum, on floats or in fixed point (src/linocut/ops/sgd.py).
#pragma once

#include "updates.hpp"

namespace linocut::LINOCUT_NS::sgd {

enum { W, M, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { MOMENTUM, SCALE, CLIP, SALT, DECAY, NESTEROV, SIGNS };

inline i64 units(const Call& call) { return updates::units(call.operands[W]); }

inline FixedStep fixed_step(const Operand& w, const Operand& control, const Operand& random, const Operand& micro,
                            const double* attributes, bool signs) {
    const double factor = row<double>(control, 0)[control_rate] * attributes[SCALE] / (1.0 - attributes[MOMENTUM]);
    const double rate = factor * updates::deviations(signs);
    return {w.format,         attributes[MOMENTUM],       rate, attributes[CLIP], micro_batch(micro), random,
            attributes[SALT], attributes[NESTEROV] != 0.0};
}

// How many signs changed. With neither decay nor Nesterov's step nothing of them is in the loop.
template <bool decays, bool ahead>
inline i64 floats(const Call& call, i64 begin, i64 end) {
    const Operand &w = call.operands[W], &m = call.operands[M];
    const float scale = static_cast<float>(call.attributes[SCALE]);
    const updates::Shares shares(call.operands[DW], call.operands[MICRO], call.attributes[MOMENTUM], 1.0);
    if (!shares.due) return 0;
    const float rate = static_cast<float>(row<double>(call.operands[CONTROL], 0)[control_rate]);
    const float decay = static_cast<float>(call.attributes[DECAY]);
    const float momentum = static_cast<float>(call.attributes[MOMENTUM]);
    const u32 key = step_key(call.operands[RANDOM], call.attributes[SALT]);
    i64 flips = 0;
    updates::each_segment(w, begin, end, [&](i64 r, i64 first, i64 n) {
        float g[segment], weight[segment], moment[segment];
        updates::load_gradient(call.operands[DW], r, first, n, scale, g);
        load_floats(w, r, first, n, weight);
        load_floats(m, r, first, n, moment);
        for (i64 i = 0; i < n; ++i) {
            float share = g[i] * shares.fresh;
            if constexpr (decays) {
                g[i] += decay * weight[i];
                share += decay * weight[i];
            }
            moment[i] = moment[i] * shares.kept + share;
            if constexpr (ahead) {
                weight[i] = weight[i] - rate * (g[i] + momentum * moment[i]);
            } else {
                weight[i] = weight[i] - rate * moment[i];
            }
        }
        store_floats(m, r, first, n, moment);
        if (!shares.moves) return;
        flips += updates::store_weights(w, r, first, n, weight, static_cast<float>(call.attributes[CLIP]), key);
    });
    return flips;
}

inline i64 floats(const Call& call, i64 begin, i64 end) {
    const bool ahead = call.attributes[NESTEROV] != 0.0;
    const bool decays = call.attributes[DECAY] != 0.0 && micro_batch(call.operands[MICRO]).last();
    if (decays) return ahead ? floats<true, true>(call, begin, end) : floats<true, false>(call, begin, end);
    return ahead ? floats<false, true>(call, begin, end) : floats<false, false>(call, begin, end);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand *all = call.operands, &w = all[W];
    i64 flips = 0;
    if (!updates::is_fixed(w.format)) {
        flips = floats(call, begin, end);
    } else {
        const bool signs = all[DW].format == Format::bit;
        const FixedStep step = fixed_step(w, all[CONTROL], all[RANDOM], all[MICRO], call.attributes, signs);
        flips = updates::move_fixed(step, w, all[M], all[DW], begin, end);
    }
    add_to_counter(call.operands[COUNTERS], counter_flips, flips);
}

}  // namespace linocut::LINOCUT_NS::sgd
