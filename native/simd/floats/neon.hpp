// Vectors of four floats by NEON.
#pragma once

#include <arm_neon.h>

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

using Vector = float32x4_t;
inline constexpr int vectors_at_once = 4, float_rows_at_once = 4;
inline Vector splat(float v) { return vdupq_n_f32(v); }
inline Vector multiply_add(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }

}  // namespace linocut::LINOCUT_NS
