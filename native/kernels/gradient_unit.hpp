// The unit of float gradients (src/linocut/ops/gradient_unit.py), and from_unit: gradients of parameters in units of 1.
#pragma once

#include "numbers.hpp"

namespace linocut::LINOCUT_NS::gradient_unit {

inline constexpr int larger = 8, most_exponent = 4096;

inline int exponent_of(const Operand& unit) {
    return given(unit) ? static_cast<int>(clamp(*row<i32>(unit, 0), -most_exponent, most_exponent)) + larger : 0;
}

}  // namespace linocut::LINOCUT_NS::gradient_unit

namespace linocut::LINOCUT_NS::from_unit {

inline i64 units(const Call& call) { return numbers::blocks(call.operands[0]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& x = call.operands[0];
    const int exponent = gradient_unit::exponent_of(call.operands[1]);
    numbers::for_segments(x, begin, end, [&](i64 first, i64 n) {
        float* values = row<float>(x, 0) + first;
        for (i64 i = 0; i < n; ++i) {
            values[i] = static_cast<float>(std::ldexp(static_cast<double>(values[i]), exponent));
        }
    });
}

}  // namespace linocut::LINOCUT_NS::from_unit
