// Vectors of four floats by NEON.
#pragma once

#include <arm_neon.h>

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

using Vector = float32x4_t;
inline constexpr int vectors_at_once = 4, float_rows_at_once = 4;
inline Vector splat(float v) { return vdupq_n_f32(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }
[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Of the numbers of a and then b: those in even places, and in odd ones; and of both in turn, the first half and the
// second.
inline Vector evens(Vector a, Vector b) { return vuzp1q_f32(a, b); }
inline Vector odds(Vector a, Vector b) { return vuzp2q_f32(a, b); }
inline Vector first_turns(Vector a, Vector b) { return vzip1q_f32(a, b); }
inline Vector last_turns(Vector a, Vector b) { return vzip2q_f32(a, b); }

}  // namespace linocut::LINOCUT_NS
