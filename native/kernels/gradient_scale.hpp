// The exact 32-bit sums of an integer dX as mantissas, and the notes from which gradient_exponent decides about the
// next step's (src/linocut/ops/gradient_exponent.py).
#pragma once

#include "dot8.hpp"
#include "nibbles.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

namespace scale {
enum { known, exponent, shift, largest, saturated, near };
inline constexpr int most_shift = 30;
}  // namespace scale

inline int shift_between(const Operand& dy_exponent, const Operand& dx_exponent) {
    const i64 shift = i64{*row<i32>(dx_exponent, 0)} - i64{*row<i32>(dy_exponent, 0)};
    return static_cast<int>(clamp(shift, i64{0}, i64{scale::most_shift}));
}

// What one part saw.
struct Seen {
    i32 largest = 0, saturated = 0, near = 0;

    // Parts may do this at once: neither the largest of all nor a count depends on their order.
    void note(const Operand& state) const {
        i64* at = row<i64>(state, 0);
        i64 known = __atomic_load_n(at + scale::largest, __ATOMIC_RELAXED);
        while (known < largest && !__atomic_compare_exchange_n(at + scale::largest, &known, i64{largest}, true,
                                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
        if (saturated > 0) __atomic_fetch_add(at + scale::saturated, i64{saturated}, __ATOMIC_RELAXED);
        if (near > 0) __atomic_fetch_add(at + scale::near, i64{near}, __ATOMIC_RELAXED);
    }
};

// Up to 64 sums rounded to mantissas.
template <class T>
[[gnu::always_inline]] inline void round_sums(const i32* sums, i64 n, int shift, T* __restrict out, Seen& seen) {
    constexpr i32 limit = sizeof(T) == 1 ? 127 : 32767;
    const i32 half = (1 << shift) >> 1;
    i32 largest = 0;
    for (i64 c = 0; c < n; ++c) {
        const i32 sum = sums[c];
        largest = most(largest, sum < 0 ? -sum : sum);
        out[c] = static_cast<T>(clamp((sum + half) >> shift, -limit, limit));
    }
    seen.largest = most(seen.largest, largest);
    if ((largest + half) >> shift <= limit / 2) return;  // no mantissa is larger
    i32 saturated = 0, near = 0;
    for (i64 c = 0; c < n; ++c) {
        const i32 mantissa = (sums[c] + half) >> shift, size = mantissa < 0 ? -mantissa : mantissa;
        saturated += size > limit;
        near += size > limit / 2;
    }
    seen.saturated += saturated;
    seen.near += near;
}

// The same to levels, as floor(2 x).
[[gnu::always_inline]] inline void halve_sums(const i32* sums, i64 n, int shift, i8* __restrict halves, Seen& seen) {
    i32 largest = 0, saturated = 0, near = 0;
    for (i64 c = 0; c < n; ++c) {
        const i32 sum = sums[c], doubled = 2 * sum >> shift, size = doubled < 0 ? -doubled : doubled;
        largest = most(largest, sum < 0 ? -sum : sum);
        saturated += size > 2 * most_level;
        near += size > most_level;
        halves[c] = static_cast<i8>(clamp(doubled, -127, 127));
    }
    seen.largest = most(seen.largest, largest);
    seen.saturated += saturated;
    seen.near += near;
}

// do_with(n), a constant where n is one of the usual numbers of channels: vectors, not one after another.
template <class Do>
inline void with_count(i64 n, const Do& do_with) {
    switch (n) {
        case tile_columns:
            return do_with(Index<tile_columns>());
        case 32:
            return do_with(Index<32>());
        case 16:
            return do_with(Index<16>());
        default:
            return do_with(n);
    }
}

// Where dX begins at a row and column, for the format it has.
inline void store_sums(const Operand& dx, i64 r, i64 first, const i32* sums, i64 n, int shift, Seen& seen) {
    if (dx.format == Format::i4) {
        i8 halves[tile_columns];
        with_count(n, [&](auto count) { halve_sums(sums, count, shift, halves, seen); });
        store_halves(dx, r, first, n, halves);
    } else if (dx.format == Format::i8) {
        i8* out = row<i8>(dx, r) + first;
        with_count(n, [&](auto count) { round_sums(sums, count, shift, out, seen); });
    } else {
        i16* out = row<i16>(dx, r) + first;
        with_count(n, [&](auto count) { round_sums(sums, count, shift, out, seen); });
    }
}

}  // namespace linocut::LINOCUT_NS
