// The state that every program keeps beside its network, by place: the twin of src/linocut/ops/control.py.
#pragma once

#include <cstdint>

namespace linocut {

// Of `control`, the optimizer's clock.
inline constexpr int control_rate = 0, control_steps = 1, control_beta1_power = 2, control_beta2_power = 3;
// Of `counters`.
inline constexpr std::int64_t counter_correct = 0, counter_examples = 1, counter_flips = 2, counter_saturations = 3;

}  // namespace linocut
