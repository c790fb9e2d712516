// real_sign: the signs of float activations, with what their estimator needs; gate_gradient: the gradient that it
// lets through: all of it where none is given, plus `more`. A part is a row.
#pragma once

#include "fold.hpp"
#include "gradient_unit.hpp"

namespace linocut::LINOCUT_NS::real_sign {

enum { X, BITS, MASK, SLOPE };

inline i64 units(const Call& call) { return Fold(call.operands[X]).of(call.operands[X]).rows; }

// 1 - |x| where that is above 0, else 0; also of what is not a number.
inline float slope_at(float x) {
    const float slope = 1.0f - std::fabs(x);
    return slope > 0.0f ? slope : 0.0f;
}

// x: 64 numbers, of which n count.
inline void store_signs(const Call& call, const Fold& fold, i64 r, i64 first, i64 n, const float* x) {
    const Operand& mask = call.operands[MASK];
    const u64 counting = ~u64{0} >> (segment - n);
    alignas(64) u8 flags[segment];
    for (i64 c = 0; c < segment; ++c) flags[c] = x[c] >= 0.0f ? 0xFF : 0;
    fold.put_bits(call.operands[BITS], r, first / segment, pack_flags(flags) & counting);
    if (!given(mask)) return;
    for (i64 c = 0; c < segment; ++c) flags[c] = std::fabs(x[c]) <= 1.0f ? 0xFF : 0;
    fold.put_bits(mask, r, first / segment, pack_flags(flags) & counting);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold(call.operands[X]);
    const Operand x = fold.of(call.operands[X]), slope = fold.of(call.operands[SLOPE]);
    float values[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, values);
        store_signs(call, fold, r, first, n, values);
        if (!given(slope)) return;
        u8* out = row<u8>(slope, r) + first;  // what is floored is at least 0: a conversion does it
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<u8>(static_cast<i32>(slope_at(values[c]) * 255.0f + 0.5f));
    });
}

}  // namespace linocut::LINOCUT_NS::real_sign

namespace linocut::LINOCUT_NS::gate_gradient {

enum { DX, DX_EXPONENT, UNIT, MASK, SLOPE, X, MORE, OUT };

inline i64 units(const Call& call) { return Fold(call.operands[DX]).of(call.operands[DX]).rows; }

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

    explicit Scale(const Call& call) {
        if (!given(call.operands[DX_EXPONENT])) return;
        const i64 exponent =
            i64{*row<i32>(call.operands[DX_EXPONENT], 0)} - gradient_unit::exponent_of(call.operands[UNIT]);
        const i32 power = static_cast<i32>(clamp(exponent, i64{-252}, i64{252})), half = power / 2;
        first = power_of_two(half);
        second = power_of_two(power - half);
    }
};

// What the gradient is multiplied with where there is a slope or x.
inline void load_factors(const Operand& slope, const Operand& x, i64 r, i64 first, i64 n, float* factors) {
    if (given(slope)) {
        const u8* of_row = row<u8>(slope, r) + first;
        for (i64 c = 0; c < n; ++c) factors[c] = static_cast<float>(of_row[c]) * static_cast<float>(2.0 / 255.0);
    } else {
        load_floats(x, r, first, n, factors);
        for (i64 c = 0; c < segment; ++c) factors[c] = real_sign::slope_at(factors[c]) * 2.0f;
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold(call.operands[DX]);
    const auto folded = [&](int which) { return fold.of(call.operands[which]); };
    const Operand dx = folded(DX), slope = folded(SLOPE), x = folded(X), more = folded(MORE), out = folded(OUT);
    const Operand& mask = call.operands[MASK];
    const Scale scale(call);
    const bool slopes = given(slope) || given(x);
    float g[segment] = {}, factors[segment] = {};
    each_segment(dx, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(dx, r, first, n, g);
        for (i64 c = 0; c < segment; ++c) g[c] = g[c] * scale.first * scale.second;
        if (given(mask)) {
            keep_floats(fold.bits(mask, r, first / segment), g);
        } else if (slopes) {
            load_factors(slope, x, r, first, n, factors);
            for (i64 c = 0; c < segment; ++c) g[c] *= factors[c];
        }
        if (given(more)) {
            load_floats(more, r, first, n, factors);
            for (i64 c = 0; c < segment; ++c) g[c] += factors[c];
        }
        store_floats(out, r, first, n, g);
    });
}

}  // namespace linocut::LINOCUT_NS::gate_gradient
