// How far the exact 32-bit sums of an integer dX are shifted to fit i16: as the largest of the last step needs, with head-room, or
// where none is known as the worst case does (src/linocut/ops/input_gradient.py).
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int i16_bits = 15, headroom = 2;

inline int shift_to_fit(i64 largest, int more) {
    int bits = more;
    while (largest >> (bits - more)) ++bits;
    return most(0, bits - i16_bits);
}

// Before any sum: the exponent of dX, and `largest` is 0. `outputs` is how many products of at most 127 a sum has.
inline void begin_shift(const Operand& dy_exponent, const Operand& dx_exponent, const Operand& largest, i64 outputs) {
    int shift = shift_to_fit(127 * outputs, 0);
    if (given(largest)) {
        i32* known = row<i32>(largest, 0);
        if (*known > 0) shift = least(shift, shift_to_fit(*known, headroom));
        *known = 0;
    }
    store_exponent(dx_exponent, dy_exponent, shift);
}

inline int shift_between(const Operand& dy_exponent, const Operand& dx_exponent) {
    return static_cast<i32>(*row<u32>(dx_exponent, 0) - *row<u32>(dy_exponent, 0));
}

// Up to 64 sums rounded to mantissas; returns the largest in size, or `seen` if that is larger.
inline i32 round_sums(const i32* sums, i64 n, int shift, i16* out, i32 seen) {
    const i32 half = (1 << shift) >> 1;
    for (i64 c = 0; c < n; ++c) {
        seen = most(seen, sums[c] < 0 ? -sums[c] : sums[c]);
        out[c] = static_cast<i16>(clamp((sums[c] + half) >> shift, -32767, 32767));
    }
    return seen;
}

// Parts may do this at once: the largest of all does not depend on their order.
inline void note_largest(const Operand& largest, i32 seen) {
    if (!given(largest)) return;
    i32* at = row<i32>(largest, 0);
    i32 known = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (known < seen && !__atomic_compare_exchange_n(at, &known, seen, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

}  // namespace linocut::LINOCUT_NS
