// What an exact integer gradient of weights becomes, a word of up to 64 side by side at a time: its sign, or q7 in units of the
// word's spread (src/linocut/ops/fixed_point.py).
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::gradient_words {

inline constexpr double spreads = 3.0;  // that a q7 gradient's one stands for
inline constexpr double q7_of_spread = 127.0 / (spreads * 1.2533141373155003);  // sqrt(pi / 2)

template <class T>
inline void signs(const T* gradients, i64 n, u8* positive) {
    for (i64 c = 0; c < n; ++c) positive[c] = gradients[c] >= 0;
}

// The sum of their sizes.
inline i64 size_of(const i64* gradients, i64 n) {
    i64 size = 0;
    for (i64 c = 0; c < n; ++c) size += gradients[c] < 0 ? -gradients[c] : gradients[c];
    return size;
}

// In two halves, whose sums fit the elements' own width.
inline i64 size_of(const i32* gradients, i64 n) {
    u32 low = 0, high = 0;
    for (i64 c = 0; c < n; ++c) {
        const u32 size = static_cast<u32>(gradients[c] < 0 ? -gradients[c] : gradients[c]);
        low += size & 0xFFFFu;
        high += size >> 16;
    }
    return (i64{high} << 16) + i64{low};
}

// Rounded by truncating what is positive: an instruction on every set.
template <class T>
inline void mantissas(const T* gradients, i64 n, i8* out) {
    const double size = static_cast<double>(size_of(gradients, n));
    const float unit = static_cast<float>(size > 0.0 ? q7_of_spread * static_cast<double>(n) / size : 0.0);
    for (i64 c = 0; c < n; ++c) {
        const float scaled = clamp(static_cast<float>(gradients[c]) * unit, -127.0f, 127.0f);
        out[c] = static_cast<i8>(static_cast<i32>(scaled + 128.5f) - 128);
    }
}

// Signs as q7.
inline void widen(const u8* positive, i64 n, i8* out) {
    for (i64 c = 0; c < n; ++c) out[c] = positive[c] ? i8{127} : i8{-127};
}

// Either, as q7.
template <class T>
inline void in_q7(const T* gradients, i64 n, bool as_signs, i8* out) {
    if (!as_signs) {
        mantissas(gradients, n, out);
        return;
    }
    u8 positive[segment];
    signs(gradients, n, positive);
    widen(positive, n, out);
}

}  // namespace linocut::LINOCUT_NS::gradient_words
