// 16-bit floats that keep small steps: rounded up or down at random (src/linocut/ops/dithered_half.py).
#pragma once

#include "fixed_point.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS {

// The bits of values below the largest in 16-bit floats; `random`: the 13 bits that decide, of those that are dropped.
// Numbers have signs and both cases are computed, as compilers make vectors of that.
inline void dithered_halves(const float* values, const u16* random, i64 n, i32* halves) {
    constexpr i32 smallest_normal = 0x38800000, rebiased = 0x38000000;
    constexpr float units = 16777216.0f, most_units = 1024.0f;
    i32 bits[segment];
    std::memcpy(bits, values, static_cast<size_t>(n) * sizeof *bits);
    for (i64 i = 0; i < n; ++i) {
        const i32 size = bits[i] & 0x7FFFFFFF, dropped = random[i] >> (step_fraction - 13);
        const float scaled = std::fabs(values[i]) * units;
        const float whole = scaled < most_units ? scaled : most_units;  // of tiny ones: others need not fit the integer
        const i32 tiny = static_cast<i32>(whole + static_cast<float>(dropped) * (1.0f / 8192.0f));
        const i32 normal = (size - rebiased + dropped) >> 13, is_tiny = -static_cast<i32>(size < smallest_normal);
        halves[i] = (tiny & is_tiny) | (normal & ~is_tiny) | ((bits[i] >> 16) & 0x8000);
    }
}

// Elements [first, first + n) of a row, dithered in f16. `stream` is the number of the first hash of the matrix.
inline void store_dithered(const Operand& to, i64 index, i64 first, i64 n, const float* in, u32 key, u32 stream) {
    if (to.format != Format::f16) {
        store_floats(to, index, first, n, in);
        return;
    }
    constexpr float largest = 65504.0f;
    alignas(64) u16 dithers[segment];
    alignas(64) i32 halves[segment];
    draw_dithers(static_cast<u32>(index * words(to.cols) + first / segment) * (segment / 2) + stream, key, dithers);
    dithered_halves(in, dithers, n, halves);
    u16* out = row<u16>(to, index) + first;
    i32 past = 0;
    for (i64 i = 0; i < n; ++i) past |= static_cast<i32>(!(std::fabs(in[i]) < largest));
    for (i64 i = 0; i < n; ++i) out[i] = static_cast<u16>(halves[i]);
    if (past == 0) return;
    for (i64 i = 0; i < n; ++i) {
        if (!(std::fabs(in[i]) < largest)) out[i] = to_half(in[i]);
    }
}

}  // namespace linocut::LINOCUT_NS
