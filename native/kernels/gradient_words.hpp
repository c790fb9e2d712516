// What an exact integer gradient of weights becomes, a word of up to 64 side by side at a time: its sign, or q7 in
// units of the word's deviation (src/linocut/ops/fixed_point.py).
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::gradient_words {

inline constexpr i64 words_at_once = 8;

// Words of gradients of the same inputs. What is done to one is a long chain of instructions: several are done side by
// side.
template <class T>
struct Words {
    const T (*gradients)[segment];
    i64 first, n;  // of the inputs
    i64 count = 0;
    i64 rows[words_at_once] = {};  // of the weights' matrix
};

inline constexpr double deviations = 3.0;  // that a q7 gradient's one stands for
inline constexpr double q7_of_deviation = 127.0 / (deviations * 1.2533141373155003);  // sqrt(pi / 2)

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

inline float unit_of(i64 size, i64 n) {
    return static_cast<float>(size > 0 ? q7_of_deviation * static_cast<double>(n) / static_cast<double>(size) : 0.0);
}

// What a word's gradients are multiplied by.
template <class I = Integers, class T>
inline float unit_for(const T* gradients, i64 n) {
    if constexpr (I::usable && sizeof(T) == sizeof(i32)) {
        if (n == segment) return unit_of(I::sum_of_sizes(gradients), n);
    }
    return unit_of(size_of(gradients, n), n);
}

// Rounded by truncating what is positive: an instruction on every set. Of 64 gradients none is more than 64 times their
// mean size, so that 32 bits hold each when scaled.
template <class I = Integers, class T>
inline void scale_by(const T* gradients, i64 n, float unit, i8* out) {
    if constexpr (I::usable && sizeof(T) == sizeof(i32)) {
        if (n == segment) {
            I::scale(gradients, unit, out);
            return;
        }
    }
    for (i64 c = 0; c < n; ++c) {
        const float scaled = clamp(static_cast<float>(gradients[c]) * unit, -127.0f, 127.0f);
        out[c] = static_cast<i8>(static_cast<i32>(scaled + 128.5f) - 128);
    }
}

template <class T>
inline void mantissas(const T* gradients, i64 n, i8* out) {
    scale_by(gradients, n, unit_for(gradients, n), out);
}

// Signs as q7.
inline void widen(const u8* positive, i64 n, i8* out) {
    for (i64 c = 0; c < n; ++c) out[c] = positive[c] ? i8{127} : i8{-127};
}

// units[i]: what word i's gradients are multiplied by; `narrow`: the sums of their sizes fit 32 bits.
template <class I = Integers, class T>
inline void units_for(const Words<T>& words, bool narrow, float* units) {
    if constexpr (I::keeps_words && sizeof(T) == sizeof(i32)) {
        if (narrow && words.n == segment && words.count == words_at_once) {
            u32 sizes[words_at_once];
            I::sums_of_sizes(words.gradients, sizes);
            for (i64 i = 0; i < words_at_once; ++i) units[i] = unit_of(sizes[i], segment);
            return;
        }
    }
    for (i64 i = 0; i < words.count; ++i) units[i] = unit_for(words.gradients[i], words.n);
}

template <class T>
inline void in_q7(const Words<T>& words, bool by_sign, i8 (*out)[segment]) {
    if (by_sign) {
        for (i64 i = 0; i < words.count; ++i) {
            u8 positive[segment];
            signs(words.gradients[i], words.n, positive);
            widen(positive, words.n, out[i]);
        }
        return;
    }
    float units[words_at_once];
    for (i64 i = 0; i < words.count; ++i) units[i] = unit_for(words.gradients[i], words.n);
    for (i64 i = 0; i < words.count; ++i) scale_by(words.gradients[i], words.n, units[i], out[i]);
}

}  // namespace linocut::LINOCUT_NS::gradient_words
