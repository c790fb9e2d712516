// channel_sums: the sum over the rows of a, or of a b, in f64 (src/linocut/ops/channel_sums.py). Two phases: parts of
// the rows; the parts added in order.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::channel_sums {

enum { A, B, SUMS, WORK };
enum { sum, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }

template <bool products>
inline void add_rows(const Call& call, const norm::Unit& unit, double* sums) {
    double values[segment] = {}, factors[segment] = {};
    for (i64 r = unit.begin; r < unit.end; ++r) {
        load_doubles(call.operands[A], r, unit.first, unit.n, values);
        if constexpr (products) {
            load_doubles(call.operands[B], r, unit.first, unit.n, factors);
            for (i64 c = 0; c < unit.used(); ++c) values[c] *= factors[c];
        }
        for (i64 c = 0; c < unit.used(); ++c) sums[c] += values[c];
    }
}

inline i64 part_units(const Call& call) { return norm::units(call.operands[A], work_of(call).parts); }
inline i64 channel_units(const Call& call) { return words(call.operands[A].cols); }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(call.operands[A], work_of(call).parts, number);
        double sums[segment] = {};
        if (given(call.operands[B])) {
            add_rows<true>(call, unit, sums);
        } else {
            add_rows<false>(call, unit, sums);
        }
        work_of(call).put(sum, unit, sums);
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    const Operand& sums = call.operands[SUMS];
    for (i64 word = begin; word < end; ++word) {
        const i64 first = word * segment, n = least(segment, sums.cols - first);
        double total[segment];
        work_of(call).total(sum, first, n, total);
        norm::store_channels(sums, 0, first, n, total);
    }
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::channel_sums
