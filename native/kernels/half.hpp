// Conversion between 16-bit and 32-bit floats, to nearest even, by hardware where the instruction set has it.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

#if defined(__F16C__)

inline float from_half(u16 half) { return _cvtsh_ss(half); }
inline u16 to_half(float value) { return static_cast<u16>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

#elif defined(LINOCUT_NEON)

inline float from_half(u16 half) { return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half))), 0); }
inline u16 to_half(float value) { return vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(value))), 0); }

#else

inline float bits_as_float(u32 bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline u32 float_as_bits(float value) {
    u32 bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float from_half(u16 half) {
    const u32 sign = static_cast<u32>(half & 0x8000u) << 16;
    const u32 rest = half & 0x7FFFu;
    if (rest >= 0x7C00u) return bits_as_float(sign | 0x7F800000u | ((rest & 0x3FFu) << 13));
    if (rest >= 0x0400u) return bits_as_float(sign | ((rest << 13) + 0x38000000u));
    const float tiny = static_cast<float>(rest) * 5.9604644775390625e-8f;  // subnormal: rest * 2^-24, exact
    return bits_as_float(sign | float_as_bits(tiny));
}

inline u16 to_half(float value) {
    const u32 bits = float_as_bits(value);
    const u32 sign = (bits >> 16) & 0x8000u;
    const u32 size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) return static_cast<u16>(sign | 0x7E00u | ((size >> 13) & 0x3FFu));
    if (size >= 0x477FF000u) return static_cast<u16>(sign | 0x7C00u);  // rounds past the largest, 65504
    if (size >= 0x38800000u) {
        const u32 even = (size >> 13) & 1u;
        return static_cast<u16>(sign | ((size - 0x38000000u + 0xFFFu + even) >> 13));
    }
    // Subnormal: adding 1/2 leaves the value's multiple of 2^-24, rounded to nearest even, in the low bits.
    const float shifted = bits_as_float(size) + 0.5f;
    return static_cast<u16>(sign | (float_as_bits(shifted) - 0x3F000000u));
}

#endif

inline void from_halves(const u16* in, i64 n, float* out) {
    i64 i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
    }
#elif defined(LINOCUT_NEON)
    for (; i + 4 <= n; i += 4) vst1q_f32(out + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(in + i))));
#endif
    for (; i < n; ++i) out[i] = from_half(in[i]);
}

inline void to_halves(const float* in, i64 n, u16* out) {
    i64 i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), halves);
    }
#elif defined(LINOCUT_NEON)
    for (; i + 4 <= n; i += 4) vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(in + i))));
#endif
    for (; i < n; ++i) out[i] = to_half(in[i]);
}

}  // namespace linocut::LINOCUT_NS
