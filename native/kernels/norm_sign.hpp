// norm_sign: batch norm followed by sgn: packed signs, the mask |x| <= 1, `half`, and omega = mean |x|.
// Integers: with t = mu - beta psi, x >= 0 is y >= ceil(t); |x| <= s is ceil(t - s psi) <= y <= floor(t + s psi):
// integer comparisons alone; omega from integer sums. Two phases: parts of the rows; omega. `half` is |x| <= 1/2 where
// |x| <= 1, and |x| <= 2 elsewhere.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_sign {

enum { Y, STATS, BETA, BITS, MASK, HALF, OMEGA, WORK };
enum { NORM, FIRST };
enum { distance, count, quantities };  // in `work`

inline constexpr double threshold_limit = 1073741824.0;  // 2^30: thresholds fit 32 bits

inline Fold fold_of(const Call& call) {
    const bool some = call.operands[Y].cols < call.operands[BITS].cols;  // a group of the layer's channels
    const bool apart = some || given(call.operands[WORK]);
    return apart ? Fold::none() : Fold(call.operands[Y]);
}
inline Operand elements(const Call& call) { return fold_of(call).of(call.operands[Y]); }

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }
inline i64 parts_of(const Call& call) {
    return given(call.operands[WORK]) ? work_of(call).parts : norm::blocks(elements(call));
}

inline i64 first_of(const Call& call) { return norm::first_channel(call.attributes[FIRST]); }

// Where the bits of a unit's channels lie: in a word of each row, or in the second half of one, beside what the first
// half has.
struct Place {
    i64 word;
    bool second;

    Place(const Call& call, const norm::Unit& unit)
        : word(first_of(call) / segment + unit.word), second(first_of(call) % segment != 0) {}

    [[gnu::always_inline]] void put(const Fold& fold, const Operand& to, i64 r, u64 bits) const {
        if (second) bits = bits << 32 | (bit_row(to, r)[word] & 0xFFFFFFFF);
        fold.put_bits(to, r, word, bits);
    }
};

inline double whole(double threshold) {
    const double raised = threshold > -threshold_limit ? threshold : -threshold_limit;
    return least(raised, threshold_limit);
}

// Channels [from, from + n) of y as numbers: x = (y - t) / psi where psi > 0, else beta.
struct Lines {
    double t[segment], psi[segment], beta[segment] = {};

    Lines(const Call& call, const Fold& fold, i64 from, i64 n) {
        const i64 channel = first_of(call) + from;
        n = least(n, fold.cols);
        norm::divisors(call.operands[STATS], channel, n, call.attributes[NORM], psi);
        if (given(call.operands[BETA])) norm::load_channels(call.operands[BETA], 0, channel, n, beta);
        norm::load_channels(call.operands[STATS], 0, channel, n, t);
        for (i64 c = 0; c < segment; ++c) t[c] = t[c] - beta[c] * psi[c];
        fold.repeat(t);
        fold.repeat(psi);
        fold.repeat(beta);
    }
};

// Thresholds as integers of Y's own width.
template <class T>
inline constexpr double least_value = sizeof(T) == 2 ? -32768.0 : -2147483648.0;
template <class T>
inline constexpr double most_value = sizeof(T) == 2 ? 32767.0 : 2147483647.0;

// x >= 0 is y >= first where the channel is `live` (else never).
template <class T>
struct Threshold {
    T first[segment], live[segment];

    Threshold(const Lines& lines, i64 n) {
        for (i64 c = 0; c < segment; ++c) {
            const double least_y = lines.beta[c] >= 0.0 ? -threshold_limit : threshold_limit;
            const double from = lines.psi[c] > 0.0 ? whole(std::ceil(lines.t[c])) : least_y;
            first[c] = static_cast<T>(clamp(from, least_value<T>, most_value<T>));
            live[c] = c < n && from <= most_value<T> ? T{-1} : T{0};
        }
    }
};

// |x| <= size is low <= y <= high.
template <class T>
struct Interval {
    T low[segment], high[segment];

    Interval(const Lines& lines, double size, i64 n) {
        for (i64 c = 0; c < segment; ++c) {
            const double reach = size * lines.psi[c], limit = threshold_limit;
            const bool varies = lines.psi[c] > 0.0, inside = std::fabs(lines.beta[c]) <= size;
            const double below = varies ? whole(std::ceil(lines.t[c] - reach)) : inside ? -limit : limit;
            const double above = varies ? whole(std::floor(lines.t[c] + reach)) : inside ? limit : -limit;
            const bool none = c >= n || below > most_value<T> || above < least_value<T>;
            low[c] = static_cast<T>(none ? most_value<T> : clamp(below, least_value<T>, most_value<T>));
            high[c] = static_cast<T>(none ? least_value<T> : clamp(above, least_value<T>, most_value<T>));
        }
    }

    // -1 where y is in it.
    T holds(T y, i64 c) const { return static_cast<T>((y >= low[c] ? T{-1} : T{0}) & (y <= high[c] ? T{-1} : T{0})); }
};

// Wide: an integer that holds the sum of narrow_rows elements. y if x^ = +1, else -y, is y ^ below - below, `below`
// being 0 or -1.
template <class T, class Wide, bool masks, bool halves, bool sums>
inline void integers(const Call& call, const norm::Unit& unit) {
    const Operand &mask = call.operands[MASK], &bits = call.operands[BITS];
    const Fold fold = fold_of(call);
    const Operand y = fold.of(call.operands[Y]);
    const Lines lines(call, fold, unit.first, unit.n);
    const Threshold<T> limits(lines, unit.n);
    const Interval<T> near(lines, 0.5, unit.n), within(lines, 1.0, unit.n), around(lines, 2.0, unit.n);
    const Place place(call, unit);
    double distances[segment] = {}, counts[segment] = {};
    T padded[segment] = {};
    alignas(64) T signs[segment], inside[segment], half[segment];
    for (i64 r = unit.begin; r < unit.end;) {
        const i64 stop = least(unit.end, r + norm::narrow_rows);
        Wide some[segment] = {};
        T missed[segment] = {};
        for (; r < stop; ++r) {
            const T* values = whole_segment(row<const T>(y, r) + unit.first, unit.n, padded);
            for (i64 c = 0; c < segment; ++c) {
                const T above = static_cast<T>((values[c] >= limits.first[c] ? T{-1} : T{0}) & limits.live[c]);
                signs[c] = above;
                if constexpr (sums) {
                    some[c] += static_cast<T>(values[c] ^ static_cast<T>(~above));
                    missed[c] = static_cast<T>(missed[c] + above + 1);
                }
            }
            place.put(fold, bits, r, pack_masks(signs));
            if constexpr (masks || halves) {
                for (i64 c = 0; c < segment; ++c) inside[c] = within.holds(values[c], c);
            }
            if constexpr (masks) place.put(fold, mask, r, pack_masks(inside));
            if constexpr (halves) {  // each interval lies in the next
                for (i64 c = 0; c < segment; ++c) {
                    half[c] = static_cast<T>(inside[c] ^ near.holds(values[c], c) ^ around.holds(values[c], c));
                }
                place.put(fold, call.operands[HALF], r, pack_masks(half));
            }
        }
        if constexpr (sums) {
            for (i64 c = 0; c < segment; ++c) {
                distances[c] += static_cast<double>(some[c]) + static_cast<double>(missed[c]);
                counts[c] += static_cast<double>(missed[c]);
            }
        }
    }
    if constexpr (sums) {
        const double rows = static_cast<double>(unit.end - unit.begin);
        for (i64 c = 0; c < segment; ++c) counts[c] = rows - counts[c];
        work_of(call).put(distance, unit, distances);
        work_of(call).put(count, unit, counts);
    }
}

template <class T, class Wide, bool masks>
inline void integers(const Call& call, const norm::Unit& unit) {
    if (given(call.operands[HALF])) {
        given(call.operands[WORK]) ? integers<T, Wide, masks, true, true>(call, unit)
                                   : integers<T, Wide, masks, true, false>(call, unit);
    } else {
        given(call.operands[WORK]) ? integers<T, Wide, masks, false, true>(call, unit)
                                   : integers<T, Wide, masks, false, false>(call, unit);
    }
}

template <class T, class Wide>
inline void integers(const Call& call, const norm::Unit& unit) {
    given(call.operands[MASK]) ? integers<T, Wide, true>(call, unit) : integers<T, Wide, false>(call, unit);
}

// The same of 64 numbers in vectors, some rows at a time.
template <class S>
inline void floats_in_vectors(const Call& call, const norm::Unit& unit, const norm::Normaliser& normaliser) {
    const Operand &mask = call.operands[MASK], &half = call.operands[HALF];
    const Fold fold = fold_of(call);
    const Operand y = fold.of(call.operands[Y]);
    const i64 word = first_of(call) / segment + unit.word;
    u64 positive[Fold::rows_at_once], inside[Fold::rows_at_once], nearer[Fold::rows_at_once];
    sixteens::Row<S> x;
    for (i64 r = unit.begin; r < unit.end; r += Fold::rows_at_once) {
        const i64 rows = least(Fold::rows_at_once, unit.end - r);
        for (i64 i = 0; i < rows; ++i) {
            normaliser.apply<S>(y, r + i, unit.first, x);
            u64 words[3] = {};
            unrolled<sixteens::vectors>([&](auto v) {
                const auto size = S::size(x[v]);
                const auto at_most = [&](float bound) { return S::at_most(size, S::all(bound)); };
                const auto one = at_most(1.0f);
                const auto near = static_cast<typename S::Bits>((one & at_most(0.5f)) | (~one & at_most(2.0f)));
                words[0] |= u64{S::at_least(x[v], S::all(0.0f))} << (16 * v);
                words[1] |= u64{one} << (16 * v);
                words[2] |= u64{near} << (16 * v);
            });
            positive[i] = words[0];
            inside[i] = words[1];
            nearer[i] = words[2];
        }
        fold.put_rows(call.operands[BITS], r, word, rows, positive);
        if (given(mask)) fold.put_rows(mask, r, word, rows, inside);
        if (given(half)) fold.put_rows(half, r, word, rows, nearer);
    }
}

template <class S = Sixteen>
inline void floats(const Call& call, const norm::Unit& unit) {
    const Operand& mask = call.operands[MASK];
    const Fold fold = fold_of(call);
    const Operand y = fold.of(call.operands[Y]);
    const norm::Normaliser normaliser(call.operands[STATS], call.operands[BETA], fold, first_of(call) + unit.first,
                                      unit.n, call.attributes[NORM]);
    if constexpr (S::usable) {
        if (unit.n == segment && !given(call.operands[WORK]) && sixteens::readable(y.format))
            return floats_in_vectors<S>(call, unit, normaliser);
    }
    const Place place(call, unit);
    const u64 whole_word = ~u64{0} >> (segment - unit.n);
    double sizes[segment] = {}, counts[segment] = {};
    float x[segment] = {};
    alignas(64) u8 flags[segment], inside[segment];
    for (i64 r = unit.begin; r < unit.end; ++r) {
        normaliser.apply(y, r, unit.first, unit.n, x);
        for (i64 c = 0; c < segment; ++c) flags[c] = x[c] >= 0.0f ? 0xFF : 0;
        place.put(fold, call.operands[BITS], r, pack_flags(flags) & whole_word);
        if (given(mask)) {
            for (i64 c = 0; c < segment; ++c) inside[c] = std::fabs(x[c]) <= 1.0f ? 0xFF : 0;
            place.put(fold, mask, r, pack_flags(inside) & whole_word);
        }
        if (given(call.operands[HALF])) {
            for (i64 c = 0; c < segment; ++c) {
                const float size = std::fabs(x[c]);
                inside[c] = size <= (size <= 1.0f ? 0.5f : 2.0f) ? 0xFF : 0;
            }
            place.put(fold, call.operands[HALF], r, pack_flags(inside) & whole_word);
        }
        if (!given(call.operands[WORK])) continue;
        for (i64 c = 0; c < segment; ++c) {
            sizes[c] += std::fabs(x[c]);
            counts[c] += flags[c] & 1;
        }
    }
    if (!given(call.operands[WORK])) return;
    work_of(call).put(distance, unit, sizes);
    work_of(call).put(count, unit, counts);
}

inline void do_omega(const Call& call, i64 first, i64 n) {
    const double rows = static_cast<double>(call.operands[Y].rows);
    double size[segment], counts[segment];
    work_of(call).total(distance, first, n, size);
    if (is_integer(call.operands[Y].format)) {
        const Lines lines(call, fold_of(call), first, n);
        work_of(call).total(count, first, n, counts);
        for (i64 c = 0; c < segment; ++c) {
            const double psi = lines.psi[c] > 0.0 ? lines.psi[c] : 1.0;
            const double mean = (size[c] - lines.t[c] * (2.0 * counts[c] - rows)) / (rows * psi);
            size[c] = lines.psi[c] > 0.0 ? mean : std::fabs(lines.beta[c]);
        }
    } else {
        for (i64 c = 0; c < segment; ++c) size[c] /= rows;
    }
    norm::store_channels(call.operands[OMEGA], 0, first_of(call) + first, n, size);
}

inline i64 part_units(const Call& call) { return norm::units(elements(call), parts_of(call)); }
inline i64 channel_units(const Call& call) {
    return given(call.operands[WORK]) && work_of(call).parts > 1 ? words(call.operands[Y].cols) : 0;
}

inline void run_parts(const Call& call, i64 begin, i64 end) {
    const Operand y = elements(call);
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(y, parts_of(call), number);
        if (y.format == Format::i16) {
            integers<i16, i32>(call, unit);
        } else if (y.format == Format::i32) {
            integers<i32, i64>(call, unit);
        } else {
            floats(call, unit);
        }
        if (given(call.operands[WORK]) && work_of(call).parts == 1) do_omega(call, unit.first, unit.n);
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    norm::each_word(call.operands[Y], begin, end, [&](i64 first, i64 n) { do_omega(call, first, n); });
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::norm_sign
