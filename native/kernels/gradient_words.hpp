// What an exact integer gradient of weights becomes, a word of up to 64 side by side at a time: its sign, or q7 in
// units of the word's spread (src/linocut/ops/fixed_point.py).
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

inline constexpr double spreads = 3.0;                                          // that a q7 gradient's one stands for
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

#if defined(__AVX512F__)
inline i64 size_of_whole(const i32* gradients) {
    const __m512i half = _mm512_set1_epi32(0xFFFF);
    __m512i low = _mm512_setzero_si512(), high = low;
    for (int c = 0; c < segment; c += 16) {
        const __m512i size = _mm512_abs_epi32(_mm512_loadu_si512(gradients + c));
        low = _mm512_add_epi32(low, _mm512_and_si512(size, half));
        high = _mm512_add_epi32(high, _mm512_srli_epi32(size, 16));
    }
    return (i64{_mm512_reduce_add_epi32(high)} << 16) + i64{_mm512_reduce_add_epi32(low)};
}

inline void scale_whole(const i32* gradients, float unit, i8* out) {
    const __m512 by = _mm512_set1_ps(unit), limit = _mm512_set1_ps(127.0f), shift = _mm512_set1_ps(128.5f);
    for (int c = 0; c < segment; c += 16) {
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(gradients + c)), by);
        const __m512 within = _mm512_max_ps(_mm512_min_ps(scaled, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
        const __m512i whole =
            _mm512_sub_epi32(_mm512_cvttps_epi32(_mm512_add_ps(within, shift)), _mm512_set1_epi32(128));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + c), _mm512_cvtepi32_epi8(whole));
    }
}
#elif defined(__AVX2__)
inline i64 size_of_whole(const i32* gradients) {
    const __m256i half = _mm256_set1_epi32(0xFFFF);
    __m256i low = _mm256_setzero_si256(), high = low;
    for (int c = 0; c < segment; c += 16) {
        const __m256i first = _mm256_abs_epi32(load_whole(gradients + c)),
                      second = _mm256_abs_epi32(load_whole(gradients + c + 8));
        const __m256i size = _mm256_add_epi32(first, second);  // below 2^32
        low = _mm256_add_epi32(low, _mm256_and_si256(size, half));
        high = _mm256_add_epi32(high, _mm256_srli_epi32(size, 16));
    }
    const __m256i eight = _mm256_hadd_epi32(low, high);  // twice two sums of each
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_hadd_epi32(four, four);
    return (i64{_mm_extract_epi32(two, 1)} << 16) + i64{_mm_cvtsi128_si32(two)};
}

// 32 at a time, whose bytes are packed within 128-bit lanes and then put in order. Packing saturates: of 64 gradients
// none is more than 64 times their mean size, so that 32 bits hold each when scaled.
inline void scale_whole(const i32* gradients, float unit, i8* out) {
    const __m256 by = _mm256_set1_ps(unit), shift = _mm256_set1_ps(128.5f);
    const auto whole = [&](int c) {
        const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(load_whole(gradients + c)), by);
        return _mm256_cvttps_epi32(_mm256_add_ps(scaled, shift));  // 1 to 255 are -127 to 127
    };
    for (int c = 0; c < segment; c += 32) {
        const __m256i low = _mm256_packs_epi32(whole(c), whole(c + 8)),
                      high = _mm256_packs_epi32(whole(c + 16), whole(c + 24));
        const __m256i mixed = _mm256_max_epu8(_mm256_packus_epi16(low, high), _mm256_set1_epi8(1));
        const __m256i sorted = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + c), _mm256_xor_si256(sorted, _mm256_set1_epi8(-128)));
    }
}
#endif

inline float unit_of(i64 size, i64 n) {
    return static_cast<float>(size > 0 ? q7_of_spread * static_cast<double>(n) / static_cast<double>(size) : 0.0);
}

// What a word's gradients are multiplied by.
template <class T>
inline float unit_for(const T* gradients, i64 n) {
#if defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
        if (n == segment) return unit_of(size_of_whole(gradients), n);
    }
#endif
    return unit_of(size_of(gradients, n), n);
}

// Rounded by truncating what is positive: an instruction on every set.
template <class T>
inline void scale_by(const T* gradients, i64 n, float unit, i8* out) {
#if defined(__AVX2__)
    if constexpr (sizeof(T) == 4) {
        if (n == segment) {
            scale_whole(gradients, unit, out);
            return;
        }
    }
#endif
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
