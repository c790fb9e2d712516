// optimizer_tick: one step on the optimizer's clock. control is (learning rate, steps, beta1^steps, beta2^steps).
// In micro-batches the first of a step moves the clock; micro is (place in the step, micro-batches a step).
#pragma once

#include "fixed_point.hpp"

namespace linocut::LINOCUT_NS::optimizer_tick {

enum { CONTROL, RANDOM, MICRO };
enum { BETA1, BETA2, MICRO_BATCHES };

inline i64 units(const Call&) { return 1; }

inline bool begins_step(const Call& call) {
    if (!given(call.operands[MICRO])) return true;
    i64* micro = row<i64>(call.operands[MICRO], 0);
    const i64 count = static_cast<i64>(call.attributes[MICRO_BATCHES]);
    micro[0] = micro[0] > 0 && micro[0] < count ? micro[0] + 1 : 1;
    micro[1] = count;
    return micro[0] == 1;
}

inline void run(const Call& call, i64, i64) {
    if (begins_step(call)) {
        double* control = row<double>(call.operands[CONTROL], 0);
        control[control_steps] += 1.0;
        control[control_beta1_power] *= call.attributes[BETA1];
        control[control_beta2_power] *= call.attributes[BETA2];
    }
    u64 state;
    std::memcpy(&state, call.operands[RANDOM].data, sizeof state);
    state += golden_64;
    std::memcpy(call.operands[RANDOM].data, &state, sizeof state);
}

}  // namespace linocut::LINOCUT_NS::optimizer_tick
