// channel_sums: the sum over the rows of a, or of a b, in f64 (src/linocut/ops/channel_sums.py). Two phases: parts of
// the rows; the parts added in order.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::channel_sums {

enum { A, B, SUMS, WORK };
enum { sum, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }

inline constexpr i64 words_together = 16;  // whose sums stay in the nearest cache, while rows go by as they lie

using Sums = double[words_together][segment];

// Of 64 channels of a row.
template <bool products>
inline void add_word(const Call& call, i64 r, i64 first, i64 n, double* sums) {
    const Operand &a = call.operands[A], &b = call.operands[B];
    if (n == segment && a.format == Format::f32 && (!products || b.format == Format::f32)) {
        const float* values = row<float>(a, r) + first;
        const float* factors = products ? row<float>(b, r) + first : nullptr;
        for (i64 c = 0; c < segment; ++c)
            sums[c] += static_cast<double>(values[c]) * (products ? static_cast<double>(factors[c]) : 1.0);
        return;
    }
    double values[segment] = {}, factors[segment] = {};
    load_doubles(a, r, first, n, values);
    if (products) load_doubles(b, r, first, n, factors);
    for (i64 c = 0; c < divide_up(n, 16) * 16; ++c) sums[c] += products ? values[c] * factors[c] : values[c];
}

// `count` words of channels, from that of `unit` on.
template <bool products>
inline void add_rows(const Call& call, const norm::Unit& unit, i64 count, Sums& sums) {
    const i64 columns = call.operands[A].cols;
    for (i64 r = unit.begin; r < unit.end; ++r) {
        for (i64 w = 0; w < count; ++w) {
            const i64 first = unit.first + w * segment;
            add_word<products>(call, r, first, least(segment, columns - first), sums[w]);
        }
    }
}

inline i64 part_units(const Call& call) { return norm::units(call.operands[A], work_of(call).parts); }
inline i64 channel_units(const Call& call) { return words(call.operands[A].cols); }

// Units that follow each other are words of the same rows.
inline void run_parts(const Call& call, i64 begin, i64 end) {
    const Operand& elements = call.operands[A];
    const norm::Work work = work_of(call);
    for (i64 number = begin, count; number < end; number += count) {
        const norm::Unit unit(elements, work.parts, number);
        count = least(words_together, least(end - number, words(elements.cols) - unit.word));
        Sums sums = {};
        given(call.operands[B]) ? add_rows<true>(call, unit, count, sums) : add_rows<false>(call, unit, count, sums);
        for (i64 w = 0; w < count; ++w) work.put(sum, {elements, work.parts, number + w}, sums[w]);
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
