// sgd: stochastic gradient descent with momentum, on floats or in fixed point (src/linocut/ops/sgd.py).
#pragma once

#include "updates.hpp"

namespace linocut::LINOCUT_NS::sgd {

enum { W, M, DW, CONTROL, RANDOM, COUNTERS, MICRO };
enum { MOMENTUM, SCALE, CLIP, SALT, SIGNS };

inline i64 units(const Call& call) { return updates::units(call.operands[W]); }

inline FixedStep fixed_step(
    const Operand& w, const Operand& control, const Operand& random, const Operand& micro, const double* attributes, bool signs) {
    const double factor = row<double>(control, 0)[control_rate] * attributes[SCALE] / (1.0 - attributes[MOMENTUM]);
    const double rate = factor * updates::spreads(signs);
    return {w.format, attributes[MOMENTUM], rate, attributes[CLIP], micro_batch(micro), random, attributes[SALT]};
}

inline i64 floats(const Call& call, i64 begin, i64 end) {
    const Operand &w = call.operands[W], &m = call.operands[M];
    const float scale = static_cast<float>(call.attributes[SCALE]);
    const updates::Shares shares(call.operands[DW], call.operands[MICRO], call.attributes[MOMENTUM], 1.0);
    if (!shares.due) return 0;
    const float rate = static_cast<float>(row<double>(call.operands[CONTROL], 0)[control_rate]);
    i64 flips = 0;
    updates::each_segment(w, begin, end, [&](i64 r, i64 first, i64 n) {
        float g[segment], weight[segment], moment[segment];
        updates::load_gradient(call.operands[DW], r, first, n, scale, g);
        load_floats(w, r, first, n, weight);
        load_floats(m, r, first, n, moment);
        for (i64 i = 0; i < n; ++i) {
            moment[i] = moment[i] * shares.kept + g[i] * shares.fresh;
            weight[i] = weight[i] - rate * moment[i];
        }
        store_floats(m, r, first, n, moment);
        if (!shares.moves) return;
        flips += updates::store_weights(w, r, first, n, weight, static_cast<float>(call.attributes[CLIP]));
    });
    return flips;
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
