// Vectors of eight floats.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

using Vector = __m256;
inline constexpr int vectors_at_once = 2, float_rows_at_once = 6;
inline Vector splat(float v) { return _mm256_set1_ps(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

}  // namespace linocut::LINOCUT_NS
