// packed_matmul: binary_matmul with weights in panels, for prediction; sums, or their signs by thresholds at once.
// In:    x: rows of words; panels; zero tails XOR to 0, so odd widths need no correction.
// Limit: that of the micro-kernels (packed_product.hpp); for a row or two, reading the panels.
#pragma once

#include "packed_product.hpp"

namespace linocut::LINOCUT_NS::packed_matmul {

enum { X, PANELS };

inline i64 units(const Call& call) { return packed::units_of(call, call.operands[PANELS]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &panels = call.operands[PANELS];
    const packed::Seen all{0, {words(x.cols)}, static_cast<i32>(x.cols)};
    packed::each_unit(call, panels, begin, end, [&](const packed::Panel& panel, const Outcome& outcome, Span rows) {
        const auto from = [&](i64 m) { return bit_row(x, rows.begin + m); };
        const auto to = [&](i64 m) { return rows.begin + m; };
        packed::multiply(panel, all, rows.size(), from, to, outcome);
    });
}

}  // namespace linocut::LINOCUT_NS::packed_matmul
