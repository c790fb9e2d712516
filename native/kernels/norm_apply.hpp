// norm_apply: x = (y - mu) / divisor + beta, in numbers.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_apply {

enum { Y, STATS, BETA, X };

inline i64 units(const Call& call) { return norm::units(call.operands[Y]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& y = call.operands[Y];
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit * segment, n = least(segment, y.cols - first);
        const norm::Normaliser normaliser(call.operands[STATS], call.operands[BETA], first, n, call.attributes[0]);
        float x[segment] = {};
        for (i64 r = 0; r < y.rows; ++r) {
            normaliser.apply(y, r, first, n, x);
            store_floats(call.operands[X], r, first, n, x);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_apply
