// exp, log, sigmoid, tanh and exponents by plain arithmetic in a fixed order: the twin of
// src/linocut/ops/elementary.py.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr double log2_e = 1.4426950408889634;
inline constexpr double ln2_high = 0.693147180369123816490;
inline constexpr double ln2_low = 1.90821492927058770002e-10;
inline constexpr double exp_least = -700.0;
inline constexpr int exp_terms = 13;
inline constexpr int log_terms = 11;
inline constexpr double tanh_series = 1.0 / 4096.0;

// 1 / n! and 1 / (2 n + 1), each correctly rounded.
struct Series {
    double exponential[exp_terms + 1], logarithm[log_terms];

    constexpr Series() : exponential(), logarithm() {
        double factorial = 1.0;  // exact to 13!
        for (int n = 0; n <= exp_terms; ++n) {
            exponential[n] = 1.0 / factorial;
            factorial *= n + 1;
        }
        for (int n = 0; n < log_terms; ++n) logarithm[n] = 1.0 / (2 * n + 1);
    }
};
inline constexpr Series series;

// e^x for x <= 0. Without branches and calls, so that loops of it become vectors; 2^k is put together from its bits, k
// being far from where numbers become subnormal.
inline double exponential(double value) {
    const double x = value >= exp_least ? value : exp_least;  // also for what is not a number
    const double k = std::floor(x * log2_e + 0.5);
    const double r = (x - k * ln2_high) - k * ln2_low;
    double total = series.exponential[exp_terms];
#pragma GCC unroll 16
    for (int n = exp_terms - 1; n >= 0; --n) total = total * r + series.exponential[n];
    const i64 exponent = static_cast<i32>(k);  // AVX2 has an instruction for 32 bits, none for 64
    const double power = __builtin_bit_cast(double, (exponent + 1023) << 52);
    return value >= exp_least ? total * power : value < exp_least ? 0.0 : value;
}

// ln x for 1 <= x < 2^1023; not a number for what is none. Without branches and calls too: x = mantissa 2^exponent, the
// mantissa from sqrt(1/2) to sqrt(2).
inline double logarithm(double x) {
    constexpr u64 half = u64{1022} << 52, fraction = (u64{1} << 52) - 1;
    const u64 bits = __builtin_bit_cast(u64, x);
    const double least_mantissa = __builtin_bit_cast(double, (bits & fraction) | half);
    const bool small = least_mantissa < 0.7071067811865476;
    const double mantissa = small ? least_mantissa * 2.0 : least_mantissa;
    const i32 exponent = static_cast<i32>(bits >> 52) - 1022 - (small ? 1 : 0);
    const double z = (mantissa - 1.0) / (mantissa + 1.0);
    const double square = z * z;
    double total = series.logarithm[log_terms - 1];
#pragma GCC unroll 16
    for (int n = log_terms - 2; n >= 0; --n) total = total * square + series.logarithm[n];
    const double found = 2.0 * z * total + static_cast<double>(exponent) * (ln2_high + ln2_low);
    return x < HUGE_VAL ? found : x - x;
}

// 1 / (1 + e^-x), given e^-|x|. The functions called sigmoid and tanh are instructions.
inline double logistic(double x, double power) {
    const double found = (x >= 0.0 ? 1.0 : power) / (1.0 + power);
    return x == x ? found : x;
}

inline double logistic(double x) { return logistic(x, exponential(-std::fabs(x))); }

// tanh x; near 0 by its series, where 1 - e^-2x loses low bits.
inline double hyperbolic_tangent(double x) {
    const double size = std::fabs(x), power = exponential(-2.0 * size);
    const double far = (1.0 - power) / (1.0 + power), near = x * (1.0 - x * x * (1.0 / 3.0));
    const double found = size < tanh_series ? near : x < 0.0 ? -far : far;
    return x == x ? found : x;
}

inline double half_up(double x) { return std::floor(x + 0.5); }

// floor(x + 1/2) within [low, high]; low for what is not a number.
inline i32 rounded(double x, double low, double high) { return static_cast<i32>(half_up(most(low, least(x, high)))); }

// The k with x = f 2^k, 1/2 <= f < 1; 0 unless x is positive and finite.
inline int binary_exponent(double x) {
    if (!(x > 0.0) || !(x < HUGE_VAL)) return 0;
    int k;
    std::frexp(x, &k);
    return k;
}

}  // namespace linocut::LINOCUT_NS
