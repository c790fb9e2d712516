// Vectors of eight floats.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

using Vector = __m256;
inline constexpr int vectors_at_once = 2, float_rows_at_once = 6;
inline Vector splat(float v) { return _mm256_set1_ps(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Of the numbers of a and then b: those in even places, and in odd ones; and of both in turn, the first half and the
// second.
inline Vector in_order(__m256 pairs) { return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(pairs), 0xD8)); }
inline Vector evens(Vector a, Vector b) { return in_order(_mm256_shuffle_ps(a, b, 0x88)); }
inline Vector odds(Vector a, Vector b) { return in_order(_mm256_shuffle_ps(a, b, 0xDD)); }
inline Vector first_turns(Vector a, Vector b) {
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
}
inline Vector last_turns(Vector a, Vector b) {
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
}

}  // namespace linocut::LINOCUT_NS
