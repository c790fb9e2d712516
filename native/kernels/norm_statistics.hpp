// norm_statistics: mean and deviation of each channel. For integers and the l1 norm only integers are summed:
// deviations sum to 0, so sum |y - mu| is twice the sum of the positive ones. In three phases, each over all parts:
// sums, deviations, and what follows from them; a single part does all at once.
#pragma once

#include "norm.hpp"
#include "ordered_sums.hpp"

namespace linocut::LINOCUT_NS::norm_statistics {

enum { Y, STATS, RUNNING, WORK };
enum { NORM, MOMENTUM, FIRST };
enum { sum, deviation, count, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }
inline bool alone(const Call& call) { return work_of(call).parts == 1; }
inline bool exact(const Call& call) { return is_integer(call.operands[Y].format) && call.attributes[NORM] != norm::l2; }

// Of sums of integers the order is no matter.
inline Fold fold_of(const Call& call) {
    const Operand& y = call.operands[Y];
    return exact(call) ? Fold(y, work_of(call).parts) : Fold::none();
}

// visit(values) for rows [begin, end) of a unit, 64 elements each. Of whole segments nothing is copied: a call in the
// loop would keep everything out of registers.
template <class T, class Visit>
inline void each_row(const Operand& y, const norm::Unit& unit, i64 begin, i64 end, Visit&& visit) {
    if (unit.n == segment) {
        for (i64 r = begin; r < end; ++r) visit(row<const T>(y, r) + unit.first);
        return;
    }
    T padded[segment] = {};
    for (i64 r = begin; r < end; ++r) visit(whole_segment(row<const T>(y, r) + unit.first, unit.n, padded));
}

// Wide: an integer that holds the sum of narrow_rows elements.
template <class T, class Wide>
inline void exact_sums(const Operand& y, const norm::Unit& unit, double* sums) {
    for (i64 r = unit.begin; r < unit.end; r += norm::narrow_rows) {
        Wide some[segment] = {};
        each_row<T>(y, unit, r, least(unit.end, r + norm::narrow_rows), [&](const T* values) {
            for (i64 c = 0; c < segment; ++c) some[c] += values[c];
        });
        for (i64 c = 0; c < segment; ++c) sums[c] += static_cast<double>(some[c]);
    }
}

// Sum and count of what is above floor(mean).
template <class T, class Wide>
inline void exact_deviations(const Operand& y, const norm::Unit& unit, const double* mean, double* deviations,
                             double* counts) {
    T floors[segment] = {};
    for (i64 c = 0; c < unit.n; ++c) floors[c] = static_cast<T>(std::floor(mean[c]));
    for (i64 r = unit.begin; r < unit.end; r += norm::narrow_rows) {
        Wide some[segment] = {};
        T number[segment] = {};
        each_row<T>(y, unit, r, least(unit.end, r + norm::narrow_rows), [&](const T* values) {
            for (i64 c = 0; c < segment; ++c) {
                const T above = values[c] > floors[c] ? T{-1} : T{0};
                some[c] += static_cast<T>(values[c] & above);
                number[c] = static_cast<T>(number[c] - above);
            }
        });
        for (i64 c = 0; c < segment; ++c) {
            deviations[c] += static_cast<double>(some[c]);
            counts[c] += static_cast<double>(number[c]);
        }
    }
}

// visit(values, rows, stride) for blocks of the rows of a unit, as floats.
template <class Visit>
inline void each_block(const Operand& y, const norm::Unit& unit, const Visit& visit) {
    ordered::Block values;
    const bool whole = unit.n == y.cols;  // rows that follow each other
    const i64 together = whole ? ordered::block_rows * segment / unit.n : ordered::block_rows;
    for (i64 r = unit.begin; r < unit.end; r += together) {
        const i64 rows = least(together, unit.end - r);
        if (whole) {
            load_floats(y, r, 0, rows * unit.n, values);
        } else {
            for (i64 i = 0; i < rows; ++i) norm::load_row(y, r + i, unit.first, unit.n, values + i * segment);
        }
        visit(values, rows, whole ? unit.n : segment);
    }
}

// Of 32-bit integers under the l2 norm, which floats do not hold.
template <class Term>
inline void wide_integers(const Operand& y, const norm::Unit& unit, double* sums, const Term& term) {
    double values[segment] = {};
    for (i64 r = unit.begin; r < unit.end; ++r) {
        load_doubles(y, r, unit.first, unit.n, values);
        for (i64 c = 0; c < unit.used(); ++c) sums[c] += term(values[c], c);
    }
}

inline void float_sums(const Operand& y, const norm::Unit& unit, double (*sums)[segment]) {
    if (y.format == Format::i32) {
        wide_integers(y, unit, sums[0], [](double value, i64) { return value; });
        return;
    }
    each_block(y, unit, [&](const float* values, i64 rows, i64 stride) {
        ordered::add_values(values, rows, stride, unit.n, sums);
    });
}

template <bool absolute>
inline void float_deviations(const Operand& y, const norm::Unit& unit, const double* mean,
                             double (*deviations)[segment]) {
    if (y.format == Format::i32) {
        wide_integers(y, unit, deviations[0], [&](double value, i64 c) {
            const double off = value - mean[c];
            return absolute ? std::fabs(off) : off * off;
        });
        return;
    }
    each_block(y, unit, [&](const float* values, i64 rows, i64 stride) {
        ordered::add_deviations<absolute>(values, mean, rows, stride, unit.n, deviations);
    });
}

inline void means(const Call& call, i64 first, i64 n, double* mean) {
    work_of(call).total(sum, first, n, mean);
    for (i64 c = 0; c < segment; ++c) mean[c] /= static_cast<double>(call.operands[Y].rows);
}

inline void do_sums(const Call& call, const norm::Unit& unit) {
    const Fold fold = fold_of(call);
    const Operand y = fold.of(call.operands[Y]);
    double sums[1][segment] = {};
    if (!exact(call)) {
        float_sums(y, unit, sums);
    } else if (y.format == Format::i16) {
        exact_sums<i16, i32>(y, unit, sums[0]);
    } else {
        exact_sums<i32, i64>(y, unit, sums[0]);
    }
    fold.add_up(sums[0]);
    work_of(call).put(sum, unit, sums[0]);
}

inline void do_deviations(const Call& call, const norm::Unit& unit) {
    const Fold fold = fold_of(call);
    const Operand y = fold.of(call.operands[Y]);
    double mean[segment], deviations[1][segment] = {}, counts[segment] = {};
    means(call, unit.first, least(unit.n, fold.cols), mean);
    fold.repeat(mean);
    if (!exact(call)) {
        if (call.attributes[NORM] == norm::l2) {
            float_deviations<false>(y, unit, mean, deviations);
        } else {
            float_deviations<true>(y, unit, mean, deviations);
        }
    } else if (y.format == Format::i16) {
        exact_deviations<i16, i32>(y, unit, mean, deviations[0], counts);
    } else {
        exact_deviations<i32, i64>(y, unit, mean, deviations[0], counts);
    }
    fold.add_up(deviations[0]);
    fold.add_up(counts);
    work_of(call).put(deviation, unit, deviations[0]);
    work_of(call).put(count, unit, counts);
}

inline void average(const Operand& running, const Operand& stats, i64 which, i64 first, i64 n, double momentum) {
    double kept[segment], fresh[segment];
    norm::load_channels(running, which, first, n, kept);
    norm::load_channels(stats, which, first, n, fresh);
    for (i64 c = 0; c < segment; ++c) kept[c] = kept[c] * momentum + fresh[c] * (1.0 - momentum);
    norm::store_channels(running, which, first, n, kept);
}

inline void do_channels(const Call& call, i64 first, i64 n) {
    const Operand &stats = call.operands[STATS], &running = call.operands[RUNNING];
    const double rows = static_cast<double>(call.operands[Y].rows);
    double mean[segment], deviations[segment], counts[segment];
    means(call, first, n, mean);
    work_of(call).total(deviation, first, n, deviations);
    if (exact(call)) {
        work_of(call).total(count, first, n, counts);
        for (i64 c = 0; c < segment; ++c) deviations[c] = 2.0 * (deviations[c] - counts[c] * mean[c]);
    }
    const double unit = call.attributes[NORM] == norm::scaled_l1 ? norm::sigmas : 1.0;
    for (i64 c = 0; c < segment; ++c) deviations[c] = deviations[c] / rows * unit;
    const i64 to = norm::first_channel(call.attributes[FIRST]) + first;
    norm::store_channels(stats, 0, to, n, mean);
    norm::store_channels(stats, 1, to, n, deviations);
    if (!given(running)) return;
    for (i64 which = 0; which < 2; ++which) average(running, stats, which, to, n, call.attributes[MOMENTUM]);
}

inline i64 part_units(const Call& call) { return norm::units(fold_of(call).of(call.operands[Y]), work_of(call).parts); }
inline i64 later_part_units(const Call& call) { return alone(call) ? 0 : part_units(call); }
inline i64 channel_units(const Call& call) { return alone(call) ? 0 : words(call.operands[Y].cols); }

inline void run_sums(const Call& call, i64 begin, i64 end) {
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(fold_of(call).of(call.operands[Y]), work_of(call).parts, number);
        do_sums(call, unit);
        if (!alone(call)) continue;
        do_deviations(call, unit);
        do_channels(call, unit.first, least(unit.n, call.operands[Y].cols - unit.first));
    }
}

// From the last part on: that is what the sums left in the cache.
inline void run_deviations(const Call& call, i64 begin, i64 end) {
    const i64 last = part_units(call) - 1;
    for (i64 number = begin; number < end; ++number) {
        do_deviations(call, norm::Unit(fold_of(call).of(call.operands[Y]), work_of(call).parts, last - number));
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    norm::each_word(call.operands[Y], begin, end, [&](i64 first, i64 n) { do_channels(call, first, n); });
}

inline constexpr Units units[] = {part_units, later_part_units, channel_units};
inline constexpr Run run[] = {run_sums, run_deviations, run_channels};

}  // namespace linocut::LINOCUT_NS::norm_statistics
