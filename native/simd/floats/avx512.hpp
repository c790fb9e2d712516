// Vectors of 16 floats.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

using Vector = __m512;
inline constexpr int vectors_at_once = 4, float_rows_at_once = 6;
inline Vector splat(float v) { return _mm512_set1_ps(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }

}  // namespace linocut::LINOCUT_NS
