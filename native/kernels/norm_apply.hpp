// norm_apply: x = (y - mu) / divisor + beta, in floats.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_apply {

enum { Y, STATS, BETA, X };

inline i64 units(const Call& call) { return norm::units(call.operands[Y], norm::blocks(call.operands[Y])); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& y = call.operands[Y];
    float x[segment] = {};
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(y, norm::blocks(y), number);
        const norm::Normaliser normaliser(call.operands[STATS], call.operands[BETA], unit.first, unit.n,
                                          call.attributes[0]);
        for (i64 r = unit.begin; r < unit.end; ++r) {
            normaliser.apply(y, r, unit.first, unit.n, x);
            norm::store_row(call.operands[X], r, unit.first, unit.n, x);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_apply
