// real_sign: the signs of float activations, with what their estimator needs; gate_gradient: the gradient that it
// lets through: all of it where none is given. A part is a row.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::real_sign {

enum { X, BITS, MASK, SLOPE };

inline i64 units(const Call& call) { return call.operands[X].rows; }

// 1 - |x| where that is above 0, else 0; also of what is not a number.
inline float slope_at(float x) {
    const float slope = 1.0f - std::fabs(x);
    return slope > 0.0f ? slope : 0.0f;
}

inline void store_signs(const Call& call, i64 r, i64 first, i64 n, const float* x) {
    const Operand& mask = call.operands[MASK];
    alignas(64) u8 flags[segment] = {};
    for (i64 c = 0; c < n; ++c) flags[c] = x[c] >= 0.0f ? 0xFF : 0;
    bit_row(call.operands[BITS], r)[first / segment] = pack_flags(flags);
    if (!given(mask)) return;
    for (i64 c = 0; c < n; ++c) flags[c] = std::fabs(x[c]) <= 1.0f ? 0xFF : 0;
    bit_row(mask, r)[first / segment] = pack_flags(flags);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &slope = call.operands[SLOPE];
    float values[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, values);
        store_signs(call, r, first, n, values);
        if (!given(slope)) return;
        u8* out = row<u8>(slope, r) + first;  // what is floored is at least 0: a conversion does it
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<u8>(static_cast<i32>(slope_at(values[c]) * 255.0f + 0.5f));
    });
}

}  // namespace linocut::LINOCUT_NS::real_sign

namespace linocut::LINOCUT_NS::gate_gradient {

enum { DX, DX_EXPONENT, MASK, SLOPE, X, OUT };

inline i64 units(const Call& call) { return call.operands[DX].rows; }

inline float power_of_two(i32 exponent) {  // -126 to 127
    const u32 bits = static_cast<u32>(exponent + 127) << 23;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// 2^exponent as two factors. A 16-bit integer times the first is exact, unless it overflows as does the product, so
// that only the second rounds; beyond 2^-252 and 2^252 the product is 0 or infinite as it is there.
struct Scale {
    float first = 1.0f, second = 1.0f;

    explicit Scale(const Operand& exponent) {
        if (!given(exponent)) return;
        const i32 power = clamp(*row<i32>(exponent, 0), -252, 252), half = power / 2;
        first = power_of_two(half);
        second = power_of_two(power - half);
    }
};

// What the gradient is multiplied with where there is a slope or x.
inline void load_factors(const Call& call, i64 r, i64 first, i64 n, float* factors) {
    if (given(call.operands[SLOPE])) {
        const u8* slope = row<u8>(call.operands[SLOPE], r) + first;
        for (i64 c = 0; c < n; ++c) factors[c] = static_cast<float>(slope[c]) * static_cast<float>(2.0 / 255.0);
    } else {
        load_floats(call.operands[X], r, first, n, factors);
        for (i64 c = 0; c < segment; ++c) factors[c] = real_sign::slope_at(factors[c]) * 2.0f;
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &dx = call.operands[DX], &mask = call.operands[MASK], &out = call.operands[OUT];
    const Scale scale(call.operands[DX_EXPONENT]);
    const bool slopes = given(call.operands[SLOPE]) || given(call.operands[X]);
    float g[segment] = {}, factors[segment] = {};
    alignas(64) u8 passes[segment];
    each_segment(dx, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(dx, r, first, n, g);
        for (i64 c = 0; c < segment; ++c) g[c] = g[c] * scale.first * scale.second;
        if (given(mask)) {
            expand_bits(bit_row(mask, r)[first / segment], passes);
            for (i64 c = 0; c < segment; ++c) g[c] = passes[c] ? g[c] : 0.0f;
        } else if (slopes) {
            load_factors(call, r, first, n, factors);
            for (i64 c = 0; c < segment; ++c) g[c] *= factors[c];
        }
        store_floats(out, r, first, n, g);
    });
}

}  // namespace linocut::LINOCUT_NS::gate_gradient
