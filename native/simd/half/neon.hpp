// 16-bit floats by NEON, rounded to nearest even.
#pragma once

#include <arm_neon.h>

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline float from_half(u16 half) { return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half))), 0); }
inline u16 to_half(float value) { return vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(value))), 0); }

inline void from_halves(const u16* in, i64 n, float* out) {
    i64 i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(out + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(in + i))));
    for (; i < n; ++i) out[i] = from_half(in[i]);
}

inline void to_halves(const float* in, i64 n, u16* out) {
    i64 i = 0;
    for (; i + 4 <= n; i += 4) vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(in + i))));
    for (; i < n; ++i) out[i] = to_half(in[i]);
}

}  // namespace linocut::LINOCUT_NS
