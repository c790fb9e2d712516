// keep_largest: of the sums of a norm's gradients the largest alone (src/linocut/ops/keep_largest.py).
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS::keep_largest {

inline constexpr i64 largest = 2;

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) {
    const Operand& sums = call.operands[0];
    for (i64 quantity = 0; quantity < sums.rows; ++quantity) {
        if (quantity == largest) continue;
        std::memset(row<double>(sums, quantity), 0, static_cast<std::size_t>(sums.cols) * sizeof(double));
    }
}

}  // namespace linocut::LINOCUT_NS::keep_largest
