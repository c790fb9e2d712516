// Vectors of four floats, as compilers know them on every processor. Nothing is fused.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

typedef float Vector __attribute__((vector_size(16)));
inline constexpr int vectors_at_once = 2, float_rows_at_once = 4;
inline Vector splat(float v) { return Vector{v, v, v, v}; }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }

}  // namespace linocut::LINOCUT_NS
