// norm_apply: x = (y - mu) / divisor + beta, in floats, 0 where that is not above 0 if a ReLU follows; plus `more`.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_apply {

enum { Y, STATS, BETA, MORE, X };
enum { NORM, RELU };

inline i64 units(const Call& call) {
    const Operand y = Fold::elements(call.operands[Y]).of(call.operands[Y]);
    return norm::units(y, norm::blocks(y));
}

template <class S>
inline void apply_in_vectors(const norm::Normaliser& normaliser, const Operand& y, const Operand& more,
                             const Operand& out, bool relu, const norm::Unit& unit) {
    sixteens::Row<S> x, added;
    for (i64 r = unit.begin; r < unit.end; ++r) {
        normaliser.apply<S>(y, r, unit.first, x);
        if (relu) unrolled<sixteens::vectors>([&](auto v) { x[v] = S::kept(x[v], S::above(x[v], S::all(0.0f))); });
        if (given(more)) {
            sixteens::load<S>(more, r, unit.first, added);
            unrolled<sixteens::vectors>([&](auto v) { x[v] += added[v]; });
        }
        sixteens::store<S>(out, r, unit.first, x);
    }
}

template <class S = Sixteen>
inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold = Fold::elements(call.operands[Y]);
    const Operand y = fold.of(call.operands[Y]), more = fold.of(call.operands[MORE]), out = fold.of(call.operands[X]);
    const bool relu = call.attributes[RELU] != 0.0;
    float x[segment] = {}, added[segment] = {};
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(y, norm::blocks(y), number);
        const norm::Normaliser normaliser(call.operands[STATS], call.operands[BETA], fold, unit.first, unit.n,
                                          call.attributes[NORM]);
        if constexpr (S::usable) {
            const bool readable = sixteens::readable(y.format) && (!given(more) || sixteens::readable(more.format));
            if (unit.n == segment && readable) {
                apply_in_vectors<S>(normaliser, y, more, out, relu, unit);
                continue;
            }
        }
        for (i64 r = unit.begin; r < unit.end; ++r) {
            normaliser.apply(y, r, unit.first, unit.n, x);
            if (relu) {
                for (i64 c = 0; c < segment; ++c) x[c] = x[c] > 0.0f ? x[c] : 0.0f;
            }
            if (given(more)) {
                norm::load_row(more, r, unit.first, unit.n, added);
                for (i64 c = 0; c < segment; ++c) x[c] += added[c];
            }
            norm::store_row(out, r, unit.first, unit.n, x);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_apply
