// Vectors of four floats, as compilers know them on every processor. Nothing is fused.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

typedef float Vector __attribute__((vector_size(16)));
inline constexpr int vectors_at_once = 2, float_rows_at_once = 4;
inline Vector splat(float v) { return Vector{v, v, v, v}; }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }
[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) { return a * b + c; }

// Of the numbers of a and then b: those in even places, and in odd ones; and of both in turn, the first half and the
// second.
inline Vector evens(Vector a, Vector b) { return Vector{a[0], a[2], b[0], b[2]}; }
inline Vector odds(Vector a, Vector b) { return Vector{a[1], a[3], b[1], b[3]}; }
inline Vector first_turns(Vector a, Vector b) { return Vector{a[0], b[0], a[1], b[1]}; }
inline Vector last_turns(Vector a, Vector b) { return Vector{a[2], b[2], a[3], b[3]}; }

}  // namespace linocut::LINOCUT_NS
