// norm_gradient: dY = (g - mean - u slope) / divisor: mean(g) and mean(g u) (l2) or omega mean(g u) (l1), or what is
// left of g beside 1 and u (scaled l1). And dbeta. An integer dY is g a - u b - c: from integers where X is bits in 32
// bits with 22 fractional bits, where the exponent makes the sum of their sizes <= 2^29, so that nothing overflows;
// else in doubles. Where g is 0 they are rounded with dithers that depend on the row and the channel alone
// (src/linocut/ops/norm_gradient.py). Two phases: dbeta and the exponent; blocks of rows.
#pragma once

#include "elementary.hpp"
#include "gradient_exponent.hpp"
#include "gradient_mask.hpp"
#include "gradient_unit.hpp"

namespace linocut::LINOCUT_NS::norm_gradient {

enum { DX, DX_EXPONENT, UNIT, X, MASK, HALF, STATS, BETA, SUMS, MORE, DY, DY_EXPONENT, DBETA, SCALE };

inline constexpr int fraction = 22;
inline constexpr int bits_of_all = 14;  // of mantissas and what they may be finer, from the exponent of the largest on
inline constexpr double fixed_limit = 1073741824.0;  // 2^30
inline constexpr u32 row_turn = 0xC13FA9A9u, channel_turn = 0x91E10DA5u, nearest = u32{1} << 31;

// Of a mantissa of dY, beside its sign; how many bits finer it may be than the exponent that holds the largest.
inline int mantissa_bits(const Call& call) { return gradient_exponent::bits_of(call.operands[DY].format); }
inline i64 finest(const Call& call) { return bits_of_all - mantissa_bits(call); }

inline int exponent_of(const Call& call) {
    if (given(call.operands[DX_EXPONENT])) return *row<i32>(call.operands[DX_EXPONENT], 0);
    return gradient_unit::exponent_of(call.operands[UNIT]);
}

// What the rows say of up to 64 channels.
struct Channels {
    double total[segment] = {}, mean[segment] = {}, slope[segment] = {}, square[segment] = {}, inverse[segment];

    Channels(const Call& call, i64 first, i64 n) {
        const double rows = static_cast<double>(call.operands[DX].rows);
        const double *totals = row<double>(call.operands[SUMS], 0) + first,
                     *products = row<double>(call.operands[SUMS], 1) + first;
        const double *thirds = row<double>(call.operands[SUMS], 3) + first,
                     *squares = row<double>(call.operands[SUMS], 4) + first;
        const double kind = call.attributes[0];
        for (i64 c = 0; c < n; ++c) {
            total[c] = totals[c];
            mean[c] = totals[c] / rows;
            slope[c] = products[c] / rows;
            square[c] = squares[c];
            if (kind == norm::l1) slope[c] *= thirds[c];
            if (kind != norm::scaled_l1) continue;
            slope[c] = quotient(rows * products[c] - totals[c] * thirds[c], rows * squares[c] - thirds[c] * thirds[c]);
            mean[c] = mean[c] - slope[c] * (thirds[c] / rows);
        }
        norm::reciprocals(call.operands[STATS], first, n, kind, inverse);
    }

    // Of `unit`, 64 elements wide.
    Channels(const Call& call, const Fold& fold, const norm::Unit& unit)
        : Channels(call, unit.first, least(unit.n, fold.cols)) {
        double* all[] = {total, mean, slope, square, inverse};
        for (double* one : all) fold.repeat(one);
    }

    // The slope of g along u; 0 where u does not vary.
    static double quotient(double covariance, double variance) { return variance > 0.0 ? covariance / variance : 0.0; }
};

// How many bits finer than what holds the largest; `scale` is made that of this step.
inline i64 choose_finer(const Call& call, i64 largest_exponent) {
    i64* state = row<i64>(call.operands[SCALE], 0);
    const i64 elements = call.operands[DX].rows * call.operands[DX].cols;
    i64 finer = 0;
    if (state[scale::known] != 0) {
        const i64 wanted = gradient_exponent::last_exponent(state) +
                           gradient_exponent::overflow_trend(state, elements, mantissa_bits(call));
        finer = clamp(largest_exponent - wanted, i64{0}, finest(call));
    }
    gradient_exponent::begin_step(state, largest_exponent - finer, finer);
    return finer;
}

inline int finer_of(const Call& call) {
    return static_cast<int>(clamp(row<i64>(call.operands[SCALE], 0)[scale::shift], i64{0}, finest(call)));
}

// How large u can be: of floats the squares sum to the rows (l2) or to `square`.
inline double reach_of(const Call& call, double square) {
    if (call.operands[X].format == Format::bit)
        return given(call.operands[HALF]) ? static_cast<double>(norm::beyond) : 1.0;
    if (call.attributes[0] == norm::l1) return 1.0;
    return std::sqrt(call.attributes[0] == norm::l2 ? static_cast<double>(call.operands[DX].rows) : square);
}

// dbeta, and the exponent that holds the k for which every |dy| < 2^k.
inline void run_channels(const Call& call, i64, i64) {
    const double* largest = row<double>(call.operands[SUMS], 2);
    const i64 channels = call.operands[DX].cols;
    const int exponent = exponent_of(call);
    const bool product = exponent >= -900 && exponent <= 900;  // exact, of sums of integers or by 1
    const double unit = product ? std::ldexp(1.0, exponent) : 0.0;
    double bound = 0.0;
    for (i64 first = 0; first < channels; first += segment) {
        const i64 n = least(segment, channels - first);
        const Channels found(call, first, n);
        float* dbeta = row<float>(call.operands[DBETA], 0) + first;
        for (i64 c = 0; c < n; ++c) {
            dbeta[c] = static_cast<float>(product ? found.total[c] * unit : std::ldexp(found.total[c], exponent));
            const double size = largest[first + c] + std::fabs(found.mean[c]) +
                                std::fabs(found.slope[c]) * reach_of(call, found.square[c]);
            bound = most(bound, size * found.inverse[c]);
        }
    }
    if (!given(call.operands[DY_EXPONENT])) return;
    const i64 largest_exponent = i64{exponent} + binary_exponent(bound) - mantissa_bits(call);
    *row<i32>(call.operands[DY_EXPONENT], 0) =
        static_cast<i32>(largest_exponent - choose_finer(call, largest_exponent));
}

// 2^-e for the exponent e, beside dX's, that holds the largest: what turns dY into mantissas of it.
inline double mantissas(const Call& call, int more) {
    const i64 e = i64{*row<i32>(call.operands[DY_EXPONENT], 0)} + finer_of(call) - exponent_of(call);
    return std::ldexp(1.0, static_cast<int>(-e) + more);
}

// Where a row's 64 mantissas go as bytes: to dY, or where those are fewer to `padded`, for `finish` to move. Those of
// i4 go there too, as floor(2 x).
inline i8* target(const Operand& dy, i64 r, const norm::Unit& unit, i8* padded) {
    return unit.n == segment && dy.format == Format::i8 ? row<i8>(dy, r) + unit.first : padded;
}

inline void finish(const Operand& dy, i64 r, const norm::Unit& unit, i8* padded) {
    if (dy.format == Format::i4) {
        store_halves(dy, r, unit.first, unit.n, padded);
    } else if (unit.n < segment) {
        std::memcpy(row<i8>(dy, r) + unit.first, padded, static_cast<std::size_t>(unit.n));
    }
}

// The dithers of a row's channels from `first` on, in units of 2^-32, start here and turn by channel_turn.
inline u32 first_dither(i64 r, i64 first) {
    return static_cast<u32>(r) * row_turn + static_cast<u32>(first) * channel_turn;
}

// How far those of 64 elements, which may be several rows, are from the first one's.
struct Dithers {
    alignas(64) u32 from_first[segment];

    explicit Dithers(const Fold& fold) {
        for (i64 i = 0; i < segment; ++i) from_first[i] = first_dither(i / fold.cols, i % fold.cols);
    }
};

// What an integer dY is made of for 64 channels: g a - u b - c, and the dithers of a row that starts with 0. Unsigned,
// so that what passes only with channels whose g is all 0 wraps.
struct FixedPoint {
    alignas(64) u32 a[segment], b[segment], c[segment];
    const Dithers dithers;
    int right, shift;  // fractional bits, and those that go
    i16 limit;         // which does not saturate

    // `halves`: what is made is floor(2 x), of which a half more, the floor, is taken off again.
    FixedPoint(const Channels& channels, const Fold& fold, double mantissa, int finer, bool halves)
        : dithers(fold),
          right(fraction - finer),
          shift(halves ? right - 1 : right),
          limit(halves ? 2 * most_level : 127) {
        const u32 less = halves ? u32{1} << (right - 1) : 0;
        const auto fixed = [](double number) { return static_cast<u32>(rounded(number, -fixed_limit, fixed_limit)); };
        for (i64 i = 0; i < segment; ++i) {
            const double scale = channels.inverse[i] * mantissa;
            a[i] = fixed(scale);
            b[i] = fixed(channels.slope[i] * scale);
            c[i] = fixed(channels.mean[i] * scale) + less;
        }
    }

    template <class T, class I = Integers>
    void row(const T* g, const T* u, u32 dither, i8* out, Seen& seen) const {
        if constexpr (I::usable) {
            row_in_vectors<I>(g, u, dither, out, seen);
        } else {
            row_by_numbers(g, u, dither, out, seen);
        }
    }

  private:
    template <class I, class T>
    void row_in_vectors(const T* g, const T* u, u32 dither, i8* out, Seen& seen) const {
        using V = typename I::V;
        const auto count = [&](V sizes) {
            seen.saturated += I::count_above(sizes, limit);
            seen.near += I::count_above(sizes, limit / 2);
        };
        for (int at = 0; at < segment; at += 2 * I::shorts) {
            const auto packed = [&](int i) {
                return I::pack(numbers<I>(g, u, dither, at + i), numbers<I>(g, u, dither, at + i + I::longs));
            };
            const V low = packed(0), high = packed(I::shorts);
            const V sizes[2] = {I::sizes(low), I::sizes(high)};
            if (I::any_above(I::larger_sizes(sizes[0], sizes[1]), limit / 2)) {  // seldom of i8
                count(sizes[0]);
                count(sizes[1]);
            }
            I::store_packed_bytes(out + at, low, high, -127);
        }
    }

    template <class I, class T>
    typename I::V numbers(const T* from, const T* u, u32 dither, int at) const {
        using V = typename I::V;
        const V g = I::as_longs(from + at);
        const V turned = I::add(I::load(dithers.from_first + at), I::all_longs(static_cast<i32>(dither)));
        const V chosen = I::choose_by_zero(g, turned, I::all_longs(static_cast<i32>(nearest)));
        const V less_c = I::subtract(I::shift_right_unsigned(chosen, 32 - right), I::load(c + at));
        const V offset = I::subtract(less_c, I::multiply(I::as_longs(u + at), I::load(b + at)));
        return I::shift_right(I::add(I::multiply(g, I::load(a + at)), offset), shift);
    }

    template <class T>
    void row_by_numbers(const T* __restrict from, const T* __restrict u, u32 dither, i8* __restrict out,
                        Seen& seen) const {
        i32 saturated = 0, near = 0;
        for (i64 i = 0; i < segment; ++i) {
            const i32 g = from[i];
            const u32 rounding = (g == 0 ? dithers.from_first[i] + dither : nearest) >> (32 - right);
            const u32 offset = rounding - c[i] - static_cast<u32>(i32{u[i]}) * b[i];
            const i32 fixed = static_cast<i32>(static_cast<u32>(g) * a[i] + offset) >> shift;
            const i32 size = fixed < 0 ? -fixed : fixed;
            saturated += size > limit;
            near += size > limit / 2;
            out[i] = static_cast<i8>(clamp(fixed, -127, 127));
        }
        seen.saturated += saturated;
        seen.near += near;
    }
};

// T is dX's.
template <class T>
inline void integers(const Call& call, const norm::MaskedGradient& from, const norm::Unit& unit) {
    const Fold& fold = from.fold;
    const Operand dy = fold.of(call.operands[DY]);
    const FixedPoint fixed(Channels(call, fold, unit), fold, mantissas(call, fraction), finer_of(call),
                           dy.format == Format::i4);
    Seen seen;
    T g[segment], u[segment];
    i8 few[segment];
    for (i64 r = unit.begin; r < unit.end; ++r) {
        from.mantissas(r, g);
        from.partners(r, u);
        i8* out = target(dy, r, unit, few);
        fixed.row(g, u, first_dither(r * fold.times, unit.first), out, seen);
        finish(dy, r, unit, few);
    }
    seen.note(call.operands[SCALE]);
}

// Bytes of `used` mantissas, and how many of the first n are above `limit`, and above its half.
[[gnu::always_inline]] inline void keep(const i32* whole, i64 n, i64 used, i32 limit, i8* __restrict out, Seen& seen) {
    i32 saturated = 0, near = 0;
    for (i64 c = 0; c < n; ++c) {
        const i32 size = whole[c] < 0 ? -whole[c] : whole[c];
        saturated += size > limit;
        near += size > limit / 2;
    }
    for (i64 c = 0; c < used; ++c) out[c] = static_cast<i8>(clamp(whole[c], -127, 127));
    seen.saturated += saturated;
    seen.near += near;
}

// Mantissas of one row, formed as `used` doubles. A dither less 2^31 is a signed integer, which every set turns into
// doubles.
inline void store_rounded(const Operand& dy, i64 r, u32 first, const Dithers& dithers, const norm::Unit& unit, i64 used,
                          const double* values, const float* g, Seen& seen) {
    i8 few[segment];
    i8* __restrict out = target(dy, r, unit, few);
    const bool halves = dy.format == Format::i4;
    const i32 limit = halves ? 2 * most_level : 127;
    i32 whole[segment] = {};
    for (i64 c = 0; c < used; ++c) {
        const double dither = static_cast<i32>((first + dithers.from_first[c]) ^ nearest) * 0x1p-32;
        const double number = values[c] + (g[c] == 0.0f ? dither : 0.0);
        whole[c] = rounded(halves ? number * 2.0 - 0.5 : number, -fixed_limit, fixed_limit);
    }
    keep(whole, unit.n, used, limit, out, seen);
    finish(dy, r, unit, few);
}

inline void doubles_to_integers(const Call& call, const norm::MaskedGradient& from, const norm::Unit& unit) {
    const double mantissa = mantissas(call, finer_of(call));
    Seen seen;
    const Fold& fold = from.fold;
    const Channels channels(call, fold, unit);
    const Dithers dithers(fold);
    const Operand dy = fold.of(call.operands[DY]);
    double factor[segment], values[segment];
    for (i64 c = 0; c < segment; ++c) factor[c] = channels.inverse[c] * mantissa;
    float g[segment] = {}, u[segment] = {};
    for (i64 r = unit.begin; r < unit.end; ++r) {
        from.floats(r, g, u);
        for (i64 c = 0; c < from.used; ++c) {
            values[c] = (static_cast<double>(g[c]) - channels.mean[c] - static_cast<double>(u[c]) * channels.slope[c]) *
                        factor[c];
        }
        store_rounded(dy, r, first_dither(r * fold.times, unit.first), dithers, unit, from.used, values, g, seen);
    }
    seen.note(call.operands[SCALE]);
}

// Mantissas of one row from floats, of `limit` at most, where they are exact. `times`: 2 where floor(2 x) is wanted.
inline void store_single(const float* values, const float* g, u32 first, const Dithers& dithers, float times,
                         i8* __restrict out, Seen& seen) {
    constexpr float limit = static_cast<float>(fixed_limit);
    const float turn = times * 0x1p-32f, half = times == 2.0f ? 0.0f : 0.5f;
    const i32 most_size = times == 2.0f ? 2 * most_level : 127;
    alignas(64) i32 whole[segment];
    for (i64 c = 0; c < segment; ++c) {
        const float dither = static_cast<float>(static_cast<i32>((first + dithers.from_first[c]) ^ nearest)) * turn;
        const float value = values[c] + ((g[c] == 0.0f ? dither : 0.0f) + half);
        const float inside = most(-limit, least(value, limit));
        const i32 towards_0 = static_cast<i32>(inside);
        whole[c] = towards_0 - (static_cast<float>(towards_0) > inside ? 1 : 0);
    }
    keep(whole, segment, segment, most_size, out, seen);
}

// The same of a row in vectors.
template <class S, class I>
struct Rounding {
    const typename S::F limit = S::all(static_cast<float>(fixed_limit)),
                        least_number = S::all(-static_cast<float>(fixed_limit));
    const typename S::F turn, half;
    const i16 most_size;

    explicit Rounding(float times)
        : turn(S::all(times * 0x1p-32f)),
          half(S::all(times == 2.0f ? 0.0f : 0.5f)),
          most_size(times == 2.0f ? i16{2 * most_level} : i16{127}) {}

    [[gnu::always_inline]] void row(const sixteens::Row<S>& values, const sixteens::Row<S>& g, u32 first,
                                    const Dithers& dithers, i8* out, Seen& seen) const {
        const auto whole = [&](int v) {
            const auto turned =
                I::add(I::load(dithers.from_first + 16 * v), I::all_longs(static_cast<i32>(first ^ nearest)));
            const auto dithered = S::from_longs(turned) * turn + half;
            const auto value = values[v] + S::chosen(half, dithered, S::equal(g[v], S::all(0.0f)));
            return S::floor_longs(S::larger(S::smaller(limit, value), least_number));
        };
        const auto low = I::pack(whole(0), whole(1)), high = I::pack(whole(2), whole(3));
        const auto low_sizes = I::sizes(low), high_sizes = I::sizes(high);
        if (I::any_above(I::larger_sizes(low_sizes, high_sizes), most_size / 2)) {
            seen.saturated += I::count_above(low_sizes, most_size) + I::count_above(high_sizes, most_size);
            seen.near += I::count_above(low_sizes, most_size / 2) + I::count_above(high_sizes, most_size / 2);
        }
        I::store_packed_bytes(out, low, high, -127);
    }
};

// What floats are made of for 64 channels: (g - mean - u slope) factor.
struct Factors {
    float mean[segment], slope[segment], factor[segment];

    template <class S>
    [[gnu::always_inline]] void apply(const sixteens::Row<S>& g, const sixteens::Row<S>& u,
                                      sixteens::Row<S>& values) const {
        unrolled<sixteens::vectors>([&](auto v) {
            const auto of = [&](const float* numbers) { return S::load(numbers + 16 * v); };
            values[v] = (g[v] - of(mean) - u[v] * of(slope)) * of(factor);
        });
    }
};

template <class S, class I>
inline void floats_to_integers_in_vectors(const norm::MaskedGradient& from, const norm::Unit& unit, const Operand& dy,
                                          const Factors& factors, const Dithers& dithers, float times, Seen& seen) {
    const Rounding<S, I> rounding(times);
    norm::RowBits bits;
    sixteens::Row<S> g, u, values;
    i8 few[segment];
    for (i64 r = unit.begin; r < unit.end; r += norm::RowBits::most_rows) {
        const i64 rows = least(norm::RowBits::most_rows, unit.end - r);
        from.take_bits(r, rows, bits);
        for (i64 i = 0; i < rows; ++i) {
            from.sixteen<S>(r, i, bits, g, u);
            factors.apply<S>(g, u, values);
            const u32 dither = first_dither((r + i) * from.fold.times, unit.first);
            rounding.row(values, g, dither, dithers, target(dy, r + i, unit, few), seen);
            finish(dy, r + i, unit, few);
        }
    }
}

// From floats, X being bits: in floats.
template <class S = Sixteen>
inline void floats_to_integers(const Call& call, const norm::MaskedGradient& from, const norm::Unit& unit) {
    const double mantissa = mantissas(call, finer_of(call));
    const Fold& fold = from.fold;
    const Channels channels(call, fold, unit);
    const Dithers dithers(fold);
    const Operand dy = fold.of(call.operands[DY]);
    const float times = dy.format == Format::i4 ? 2.0f : 1.0f;
    Factors factors;
    auto &mean = factors.mean, &slope = factors.slope, &factor = factors.factor;
    for (i64 c = 0; c < segment; ++c) {
        mean[c] = static_cast<float>(channels.mean[c]);
        slope[c] = static_cast<float>(channels.slope[c]);
        factor[c] = static_cast<float>(c < unit.n ? channels.inverse[c] * mantissa * times : 0.0);
    }
    Seen seen;
    if constexpr (S::usable) {
        if (from.in_sixteens<S>()) {
            floats_to_integers_in_vectors<S, Integers>(from, unit, dy, factors, dithers, times, seen);
            return seen.note(call.operands[SCALE]);
        }
    }
    float g[segment] = {}, u[segment] = {}, values[segment];
    i8 few[segment];
    for (i64 r = unit.begin; r < unit.end; ++r) {
        from.floats(r, g, u);
        for (i64 c = unit.n; c < segment; ++c) g[c] = 1.0f;  // what is not there is no 0 to dither, and 1 of no size
        for (i64 c = 0; c < segment; ++c) values[c] = (g[c] - mean[c] - u[c] * slope[c]) * factor[c];
        const u32 dither = first_dither(r * fold.times, unit.first);
        store_single(values, g, dither, dithers, times, target(dy, r, unit, few), seen);
        finish(dy, r, unit, few);
    }
    seen.note(call.operands[SCALE]);
}

template <class S>
inline void floats_in_vectors(const norm::MaskedGradient& from, const norm::Unit& unit, const Operand& more,
                              const Operand& dy, const Factors& factors) {
    norm::RowBits bits;
    sixteens::Row<S> g, u, values;
    for (i64 r = unit.begin; r < unit.end; r += norm::RowBits::most_rows) {
        const i64 rows = least(norm::RowBits::most_rows, unit.end - r);
        from.take_bits(r, rows, bits);
        for (i64 i = 0; i < rows; ++i) {
            from.sixteen<S>(r, i, bits, g, u);
            factors.apply<S>(g, u, values);
            if (given(more)) {
                sixteens::load<S>(more, r + i, unit.first, u);
                unrolled<sixteens::vectors>([&](auto v) { values[v] += u[v]; });
            }
            sixteens::store<S>(dy, r + i, unit.first, values);
        }
    }
}

// Integers too, in units of their exponent.
template <class S = Sixteen>
inline void floats(const Call& call, const norm::MaskedGradient& from, const norm::Unit& unit) {
    const i64 difference = i64{exponent_of(call)} - gradient_unit::exponent_of(call.operands[UNIT]);
    const int exponent = static_cast<int>(clamp(difference, i64{-8192}, i64{8192}));
    const Operand more = from.fold.of(call.operands[MORE]), dy = from.fold.of(call.operands[DY]);
    const Channels channels(call, from.fold, unit);
    Factors factors;
    auto &mean = factors.mean, &slope = factors.slope, &inverse = factors.factor;
    for (i64 c = 0; c < segment; ++c) {
        mean[c] = static_cast<float>(channels.mean[c]);
        slope[c] = static_cast<float>(channels.slope[c]);
        inverse[c] =
            static_cast<float>(exponent == 0 ? channels.inverse[c] : std::ldexp(channels.inverse[c], exponent));
    }
    if constexpr (S::usable) {
        if (from.in_sixteens<S>() && !(given(more) && !sixteens::readable(more.format)))
            return floats_in_vectors<S>(from, unit, more, dy, factors);
    }
    float g[segment] = {}, u[segment] = {};
    for (i64 r = unit.begin; r < unit.end; ++r) {
        from.floats(r, g, u);
        for (i64 c = 0; c < segment; ++c) g[c] = (g[c] - mean[c] - u[c] * slope[c]) * inverse[c];
        if (given(more)) {
            norm::load_row(more, r, unit.first, unit.n, u);
            for (i64 c = 0; c < segment; ++c) g[c] += u[c];
        }
        norm::store_row(dy, r, unit.first, unit.n, g);
    }
}

inline i64 one_unit(const Call&) { return 1; }
inline Fold fold_of(const Call& call) {
    const Operand& dy = call.operands[DY];
    return Fold(dy.format == Format::i4 ? dy : call.operands[DX]);
}
inline i64 block_units(const Call& call) {
    const Operand dx = fold_of(call).of(call.operands[DX]);
    return norm::units(dx, norm::blocks(dx));
}

// From the last block on: that is what norm_gradient_sums left in the cache.
inline void run_blocks(const Call& call, i64 begin, i64 end) {
    const Fold fold = fold_of(call);
    const Operand dx = fold.of(call.operands[DX]);
    const i64 last = block_units(call) - 1;
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(dx, norm::blocks(dx), last - number);
        const norm::MaskedGradient from(call.operands[DX], call.operands[X], call.operands[MASK], call.operands[HALF],
                                        call.operands[BETA], call.attributes, fold, unit);
        if (!is_integer(call.operands[DY].format)) {
            floats(call, from, unit);
        } else if (from.x.format == Format::bit && is_integer(dx.format)) {
            dx.format == Format::i16 ? integers<i16>(call, from, unit) : integers<i8>(call, from, unit);
        } else if (from.x.format == Format::bit) {
            floats_to_integers(call, from, unit);
        } else {
            doubles_to_integers(call, from, unit);
        }
    }
}

inline constexpr Units units[] = {one_unit, block_units};
inline constexpr Run run[] = {run_channels, run_blocks};

}  // namespace linocut::LINOCUT_NS::norm_gradient
