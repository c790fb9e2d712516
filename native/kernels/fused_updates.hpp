// weight_gradient_adam, _sgd, _bop: the update is the sink of weight_gradient, so that dW is never stored.
#pragma once

#include "adam.hpp"
#include "bop.hpp"
#include "sgd.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS {

namespace fused {

enum { DY, X, WEIGHTS, M };

inline void move_latent(const Call& call, i64 begin, i64 end, const FixedStep& step, const Operand& counters) {
    const Operand &w = call.operands[WEIGHTS], &m = call.operands[M];
    i64 flips = 0;
    const auto sink = [&](i64 output, i64 first, i64 n, const u8* positive) {
        flips += step.move(positive, row<i16>(w, output) + first, row<i8>(m, output) + first, n,
                           updates::word(w, output, first));
    };
    for (i64 unit = begin; unit < end; ++unit) {
        weight_gradient::integer_signs(call.operands[DY], call.operands[X], unit, sink);
    }
    add_to_counter(counters, counter_flips, flips);
}

}  // namespace fused

namespace weight_gradient_adam {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    enum { CONTROL = 4, RANDOM, COUNTERS };
    const FixedStep step = adam::fixed_step(call.operands[CONTROL], call.operands[RANDOM], call.attributes);
    fused::move_latent(call, begin, end, step, call.operands[COUNTERS]);
}

}  // namespace weight_gradient_adam

namespace weight_gradient_sgd {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    enum { CONTROL = 4, RANDOM, COUNTERS };
    const FixedStep step = sgd::fixed_step(call.operands[CONTROL], call.operands[RANDOM], call.attributes);
    fused::move_latent(call, begin, end, step, call.operands[COUNTERS]);
}

}  // namespace weight_gradient_sgd

namespace weight_gradient_bop {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    enum { RANDOM = 4, COUNTERS };
    const Operand &weights = call.operands[fused::WEIGHTS], &m = call.operands[fused::M];
    const SlowStep step = bop::slow_step(m, call.operands[RANDOM], call.attributes);
    i64 flips = 0;
    const auto sink = [&](i64 output, i64 first, i64 n, const u8* positive) {
        flips += bop::flip_fixed(step, weights, m, positive, output, first, n);
    };
    for (i64 unit = begin; unit < end; ++unit) {
        weight_gradient::integer_signs(call.operands[fused::DY], call.operands[fused::X], unit, sink);
    }
    add_to_counter(call.operands[COUNTERS], counter_flips, flips);
}

}  // namespace weight_gradient_bop

}  // namespace linocut::LINOCUT_NS
