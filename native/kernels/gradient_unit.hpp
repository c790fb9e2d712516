// The unit of float gradients (src/linocut/ops/gradient_unit.py).
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS::gradient_unit {

inline constexpr int larger = 8;

inline int exponent_of(const Operand& unit) {
    return given(unit) ? static_cast<int>(clamp(*row<i32>(unit, 0), -4096, 4096)) + larger : 0;
}

// A sum that was formed of such gradients, as a float.
inline float in_units_of_one(double sum, int exponent) {
    return static_cast<float>(exponent == 0 ? sum : std::ldexp(sum, exponent));
}

}  // namespace linocut::LINOCUT_NS::gradient_unit
