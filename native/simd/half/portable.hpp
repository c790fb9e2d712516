// 16-bit floats by arithmetic on their bits, rounded to nearest even.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

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

inline void from_halves(const u16* in, i64 n, float* out) {
    for (i64 i = 0; i < n; ++i) out[i] = from_half(in[i]);
}

inline void to_halves(const float* in, i64 n, u16* out) {
    for (i64 i = 0; i < n; ++i) out[i] = to_half(in[i]);
}

}  // namespace linocut::LINOCUT_NS
