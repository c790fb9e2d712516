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

// The step of floats along gradients that come in segments.
class FloatStep {
  public:
    FloatStep(const Operand& w, const Operand& m, const Operand& control, const Operand& random,
              const updates::Shares& shares, const double* attributes)
        : w_(w),
          m_(m),
          shares_(shares),
          rate_(static_cast<float>(row<double>(control, 0)[control_rate])),
          momentum_(static_cast<float>(attributes[MOMENTUM])),
          decay_(static_cast<float>(attributes[DECAY])),
          clip_(static_cast<float>(attributes[CLIP])),
          key_(step_key(random, attributes[SALT])),
          decays_(attributes[DECAY] != 0.0 && shares.moves),
          ahead_(attributes[NESTEROV] != 0.0) {}

    // Weights [first, first + n) of row r; `g` changes. Returns how many signs changed.
    i64 move(i64 r, i64 first, i64 n, float* g) const {
        if (decays_) return ahead_ ? move<true, true>(r, first, n, g) : move<true, false>(r, first, n, g);
        return ahead_ ? move<false, true>(r, first, n, g) : move<false, false>(r, first, n, g);
    }

  private:
    // With neither decay nor Nesterov's step nothing of them is in the loop.
    template <bool decays, bool ahead>
    i64 move(i64 r, i64 first, i64 n, float* g) const {
        float weight[segment], moment[segment];
        load_floats(w_, r, first, n, weight);
        load_floats(m_, r, first, n, moment);
        for (i64 i = 0; i < n; ++i) {
            float share = g[i] * shares_.fresh;
            if constexpr (decays) {
                g[i] += decay_ * weight[i];
                share += decay_ * weight[i];
            }
            moment[i] = moment[i] * shares_.kept + share;
            if constexpr (ahead) {
                weight[i] = weight[i] - rate_ * (g[i] + momentum_ * moment[i]);
            } else {
                weight[i] = weight[i] - rate_ * moment[i];
            }
        }
        store_floats(m_, r, first, n, moment);
        return shares_.moves ? updates::store_weights(w_, r, first, n, weight, clip_, key_) : 0;
    }

    const Operand &w_, &m_;
    const updates::Shares shares_;
    const float rate_, momentum_, decay_, clip_;
    const u32 key_;
    const bool decays_, ahead_;
};

// How many signs changed.
inline i64 floats(const Call& call, i64 begin, i64 end) {
    const Operand* all = call.operands;
    const float scale = static_cast<float>(call.attributes[SCALE]);
    const updates::Shares shares(all[DW], all[MICRO], call.attributes[MOMENTUM], 1.0);
    if (!shares.due) return 0;
    const FloatStep step(all[W], all[M], all[CONTROL], all[RANDOM], shares, call.attributes);
    i64 flips = 0;
    updates::each_segment(all[W], begin, end, [&](i64 r, i64 first, i64 n) {
        float g[segment];
        updates::load_gradient(all[DW], r, first, n, scale, g);
        flips += step.move(r, first, n, g);
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
