// 16-bit floats that keep small steps: rounded up or down at random (src/linocut/ops/dithered_half.py).
#pragma once

#include "fixed_point.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS {

// Of a value below the largest; `random`: the 13 bits that decide, of those that are dropped.
inline u16 dithered_half(float value, u32 random) {
    constexpr u32 smallest_normal = 0x38800000u, rebiased = 0x38000000u;
    u32 bits;
    std::memcpy(&bits, &value, sizeof bits);
    const u32 size = bits & 0x7FFFFFFFu;
    const float units = std::fabs(value) * 16777216.0f + static_cast<float>(random) * (1.0f / 8192.0f);
    const u32 tiny = static_cast<u32>(size < smallest_normal ? units : 0.0f);
    const u32 normal = (size - rebiased + random) >> 13;
    return static_cast<u16>((size < smallest_normal ? tiny : normal) | ((bits >> 16) & 0x8000u));
}

// Elements [first, first + n) of a row, dithered in f16. `stream` is the number of the first hash of the matrix.
inline void store_dithered(const Operand& to, i64 index, i64 first, i64 n, const float* in, u32 key, u32 stream) {
    if (to.format != Format::f16) {
        store_floats(to, index, first, n, in);
        return;
    }
    constexpr float largest = 65504.0f;
    alignas(64) u16 dithers[segment];
    draw_dithers(static_cast<u32>(index * words(to.cols) + first / segment) * (segment / 2) + stream, key, dithers);
    u16* out = row<u16>(to, index) + first;
    bool past = false;
    for (i64 i = 0; i < n; ++i) {
        past |= !(std::fabs(in[i]) < largest);
        out[i] = dithered_half(in[i], u32{dithers[i]} >> (step_fraction - 13));
    }
    if (!past) return;
    for (i64 i = 0; i < n; ++i) {
        if (!(std::fabs(in[i]) < largest)) out[i] = to_half(in[i]);
    }
}

}  // namespace linocut::LINOCUT_NS
