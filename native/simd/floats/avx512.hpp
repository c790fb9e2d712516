// Vectors of 16 floats.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

using Vector = __m512;
inline constexpr int vectors_at_once = 4, float_rows_at_once = 6;
inline Vector splat(float v) { return _mm512_set1_ps(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Of the numbers of a and then b: those in even places, and in odd ones; and of both in turn, the first half and the
// second.
inline Vector evens(Vector a, Vector b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b);
}
inline Vector odds(Vector a, Vector b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b);
}
inline Vector first_turns(Vector a, Vector b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
inline Vector last_turns(Vector a, Vector b) {
    return _mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
                                  b);
}

}  // namespace linocut::LINOCUT_NS
