// norm_sign: batch norm followed by sgn: packed signs, the mask |x| <= 1, and omega = mean |x|.
// Integers: with t = mu - beta psi, x >= 0 is y >= ceil(t); |x| <= 1 is ceil(t - psi) <= y <= floor(t + psi): three integer
// comparisons an element; omega from integer sums.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_sign {

enum { Y, STATS, BETA, BITS, MASK, OMEGA };

inline constexpr double threshold_limit = 1073741824.0;  // 2^30: thresholds fit 32 bits

inline i64 units(const Call& call) { return norm::units(call.operands[Y]); }

inline i32 whole(double threshold) {
    const double raised = threshold > -threshold_limit ? threshold : -threshold_limit;
    return static_cast<i32>(least(raised, threshold_limit));
}

struct Thresholds {
    i32 first[segment] = {}, low[segment] = {}, high[segment] = {};
    double t[segment] = {}, psi[segment] = {}, beta[segment] = {};

    Thresholds(const Operand& stats, const Operand& shift, i64 from, i64 n, double kind) {
        for (i64 c = 0; c < n; ++c) {
            psi[c] = norm::divisor(stats, from + c, kind);
            beta[c] = load_float(shift, 0, from + c);
            t[c] = static_cast<double>(load_float(stats, 0, from + c)) - beta[c] * psi[c];
            if (psi[c] > 0.0) {
                first[c] = whole(std::ceil(t[c]));
                low[c] = whole(std::ceil(t[c] - psi[c]));
                high[c] = whole(std::floor(t[c] + psi[c]));
            } else {  // x is beta
                const i32 limit = static_cast<i32>(threshold_limit);
                const bool inside = std::fabs(beta[c]) <= 1.0;
                first[c] = beta[c] >= 0.0 ? -limit : limit;
                low[c] = inside ? -limit : limit;
                high[c] = inside ? limit : -limit;
            }
        }
    }
};

inline void store_word(const Operand& bits, i64 r, i64 unit, const u8* flags) { bit_row(bits, r)[unit] = pack_flags(flags); }

// Sum: an integer that holds the sum of all rows.
template <class Sum>
inline void integers(const Call& call, i64 unit) {
    const Operand &y = call.operands[Y], &mask = call.operands[MASK], &omega = call.operands[OMEGA];
    const i64 from = unit * segment, n = least(segment, y.cols - from);
    const Thresholds limits(call.operands[STATS], call.operands[BETA], from, n, call.attributes[0]);
    Sum sums[segment] = {}, above[segment] = {}, counts[segment] = {};
    i32 values[segment] = {};
    alignas(64) u8 flags[segment] = {}, inside[segment] = {};
    for (i64 r = 0; r < y.rows; ++r) {
        load_integers(y, r, from, n, values);
        for (i64 c = 0; c < n; ++c) flags[c] = values[c] >= limits.first[c] ? 0xFF : 0;
        store_word(call.operands[BITS], r, unit, flags);
        if (given(mask)) {
            for (i64 c = 0; c < n; ++c) inside[c] = ((values[c] >= limits.low[c]) & (values[c] <= limits.high[c])) ? 0xFF : 0;
            store_word(mask, r, unit, inside);
        }
        if (!given(omega)) continue;
        for (i64 c = 0; c < segment; ++c) {
            const i32 larger = -static_cast<i32>(values[c] >= limits.first[c]);
            sums[c] += values[c];
            above[c] += values[c] & larger;
            counts[c] -= larger;
        }
    }
    if (!given(omega)) return;
    for (i64 c = 0; c < n; ++c) {
        double size = std::fabs(limits.beta[c]);
        if (limits.psi[c] > 0.0) {
            const double distance = static_cast<double>(2 * static_cast<i64>(above[c]) - sums[c]);
            const double balance = static_cast<double>(2 * static_cast<i64>(counts[c]) - y.rows);
            size = (distance - limits.t[c] * balance) / (static_cast<double>(y.rows) * limits.psi[c]);
        }
        store_float(omega, 0, from + c, static_cast<float>(size));
    }
}

inline void floats(const Call& call, i64 unit) {
    const Operand &y = call.operands[Y], &mask = call.operands[MASK], &omega = call.operands[OMEGA];
    const i64 from = unit * segment, n = least(segment, y.cols - from);
    const norm::Normaliser normaliser(call.operands[STATS], call.operands[BETA], from, n, call.attributes[0]);
    double sizes[segment] = {};
    float x[segment] = {};
    alignas(64) u8 flags[segment] = {}, inside[segment] = {};
    for (i64 r = 0; r < y.rows; ++r) {
        normaliser.apply(y, r, from, n, x);
        for (i64 c = 0; c < n; ++c) flags[c] = x[c] >= 0.0f ? 0xFF : 0;
        store_word(call.operands[BITS], r, unit, flags);
        if (given(mask)) {
            for (i64 c = 0; c < n; ++c) inside[c] = std::fabs(x[c]) <= 1.0f ? 0xFF : 0;
            store_word(mask, r, unit, inside);
        }
        for (i64 c = 0; c < n; ++c) sizes[c] += std::fabs(x[c]);
    }
    if (!given(omega)) return;
    for (i64 c = 0; c < n; ++c) {
        store_float(omega, 0, from + c, static_cast<float>(sizes[c] / static_cast<double>(y.rows)));
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        if (!is_integer(call.operands[Y].format)) {
            floats(call, unit);
        } else if (sums_are_narrow(call.operands[Y])) {
            integers<i32>(call, unit);
        } else {
            integers<i64>(call, unit);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_sign
