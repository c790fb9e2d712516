// norm_gradient: dY = (g - mean(g) - u slope) / divisor, slope being mean(g u) (l2) or omega mean(g u) (l1), and dbeta.
// An i8 dY: (g factor - p) in 32 bits with 22 fractional bits, p one of two numbers per channel by the bit x^. The exponent
// makes |g factor|, |p| <= 2^29, so that nothing overflows (src/linocut/ops/norm_gradient.py).
#pragma once

#include "elementary.hpp"
#include "gradient_mask.hpp"

namespace linocut::LINOCUT_NS::norm_gradient {

enum { DX, DX_EXPONENT, X, MASK, STATS, BETA, SUMS, DY, DY_EXPONENT, DBETA };

inline constexpr int fraction = 22;
inline constexpr int mantissa_bits = 7;
inline constexpr double fixed_limit = 1073741824.0;  // 2^30

inline i64 units(const Call& call) { return norm::units(call.operands[DX]); }

struct Channel {
    double total, mean, slope, inverse;
};

inline Channel channel_of(const Call& call, i64 channel) {
    const Operand& sums = call.operands[SUMS];
    const double kind = call.attributes[0], rows = static_cast<double>(call.operands[DX].rows);
    const double total = row<double>(sums, 0)[channel], product = row<double>(sums, 1)[channel];
    const double omega = row<double>(sums, 3)[channel];
    return {total, total / rows, product / rows * (kind == norm::l1 ? omega : 1.0),
            norm::reciprocal(call.operands[STATS], channel, kind)};
}

// The k for which every |dy| < 2^k: cheap, so that each part finds it for itself.
inline int bound_exponent(const Call& call) {
    const double* largest = row<double>(call.operands[SUMS], 2);
    double bound = 0.0;
    for (i64 c = 0; c < call.operands[DX].cols; ++c) {
        const Channel channel = channel_of(call, c);
        bound = most(bound, (largest[c] + std::fabs(channel.mean) + std::fabs(channel.slope)) * channel.inverse);
    }
    return binary_exponent(bound);
}

inline void integers(const Call& call, const norm::MaskedGradient& from, int k) {
    const int exponent = *row<i32>(call.operands[DX_EXPONENT], 0);
    i32 factor[segment] = {}, plus[segment] = {}, minus[segment] = {};
    for (i64 c = 0; c < from.n; ++c) {
        const Channel channel = channel_of(call, from.first + c);
        const double scale = channel.inverse * std::ldexp(1.0, mantissa_bits - k + fraction);
        factor[c] = rounded(scale, -fixed_limit, fixed_limit);
        plus[c] = rounded((channel.mean + channel.slope) * scale, -fixed_limit, fixed_limit);
        minus[c] = rounded((channel.mean - channel.slope) * scale, -fixed_limit, fixed_limit);
        row<float>(call.operands[DBETA], 0)[from.first + c] = static_cast<float>(std::ldexp(channel.total, exponent));
    }
    i32 g[segment] = {};
    u8 ones[segment];
    for (i64 r = 0; r < from.dx.rows; ++r) {
        from.integers(r, g);
        from.sign_bits(r, ones);
        i8* out = row<i8>(call.operands[DY], r) + from.first;
        for (i64 c = 0; c < from.n; ++c) {
            const i32 fixed = g[c] * factor[c] - (ones[c] ? plus[c] : minus[c]);
            out[c] = static_cast<i8>(clamp((fixed + (1 << (fraction - 1))) >> fraction, -127, 127));
        }
    }
    if (from.unit == 0) *row<i32>(call.operands[DY_EXPONENT], 0) = exponent + k - mantissa_bits;
}

inline void floats(const Call& call, const norm::MaskedGradient& from) {
    float mean[segment] = {}, slope[segment] = {}, inverse[segment] = {};
    for (i64 c = 0; c < from.n; ++c) {
        const Channel channel = channel_of(call, from.first + c);
        mean[c] = static_cast<float>(channel.mean);
        slope[c] = static_cast<float>(channel.slope);
        inverse[c] = static_cast<float>(channel.inverse);
        row<float>(call.operands[DBETA], 0)[from.first + c] = static_cast<float>(channel.total);
    }
    float g[segment] = {}, u[segment] = {};
    for (i64 r = 0; r < from.dx.rows; ++r) {
        from.floats(r, g, u);
        for (i64 c = 0; c < from.n; ++c) g[c] = (g[c] - mean[c] - u[c] * slope[c]) * inverse[c];
        store_floats(call.operands[DY], r, from.first, from.n, g);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const bool integer = is_integer(call.operands[DX].format);
    const int k = integer ? bound_exponent(call) : 0;
    for (i64 unit = begin; unit < end; ++unit) {
        const norm::MaskedGradient from(call.operands[DX], call.operands[X], call.operands[MASK], call.operands[BETA],
                                        call.attributes[0], call.attributes[1] != 0.0, unit);
        if (integer) {
            integers(call, from, k);
        } else {
            floats(call, from);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_gradient
