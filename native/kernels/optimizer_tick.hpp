// optimizer_tick: one step on the optimizer's clock. control is (learning rate, steps, beta1^steps, beta2^steps).
#pragma once

#include "fixed_point.hpp"

namespace linocut::LINOCUT_NS::optimizer_tick {

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) {
    double* control = row<double>(call.operands[0], 0);
    control[control_steps] += 1.0;
    control[control_beta1_power] *= call.attributes[0];
    control[control_beta2_power] *= call.attributes[1];
    u64 state;
    std::memcpy(&state, call.operands[1].data, sizeof state);
    state += golden_64;
    std::memcpy(call.operands[1].data, &state, sizeof state);
}

}  // namespace linocut::LINOCUT_NS::optimizer_tick
