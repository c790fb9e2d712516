// Sums of floats in doubles, row after row, each channel by itself: the order is the reference's, whatever the vectors.
#pragma once

#include "float_product.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::ordered {

typedef float Half __attribute__((vector_size(sizeof(Vector) / 2)));
typedef double Doubles __attribute__((vector_size(sizeof(Vector))));
inline constexpr i64 at_once = sizeof(Doubles) / sizeof(double);

inline constexpr i64 block_rows = 16;  // of 64 elements, whose floats stay in the nearest cache
using Block = float[block_rows * segment];

inline Doubles load(const double* from) {
    Doubles v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

inline Doubles widened(const float* from) {
    Half v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, Doubles);
}

// sums[k][c] += term k of the numbers at c of each row, of n channels: `vectors` adds those of several channels to
// its Doubles, `numbers` gives those of one number.
template <int K, class Vectors, class Numbers>
inline void add(i64 rows, i64 stride, i64 n, double (*sums)[segment], const Vectors& vectors, const Numbers& numbers) {
    i64 c = 0;
    // Several vectors at a time: each waits for its own last sum.
    const auto together = [&](auto count) {
        constexpr int V = count;
        for (; c + V * at_once <= n; c += V * at_once) {
            Doubles totals[V][K];
            unrolled<V * K>([&](auto i) { totals[i / K][i % K] = load(sums[i % K] + c + i / K * at_once); });
            for (i64 r = 0; r < rows; ++r) {
                unrolled<V>([&](auto v) {
                    const i64 at = c + v * at_once;
                    vectors(r * stride + at, at, totals[v]);
                });
            }
            unrolled<V * K>([&](auto i) {
                std::memcpy(sums[i % K] + c + i / K * at_once, &totals[i / K][i % K], sizeof(Doubles));
            });
        }
    };
    together(Index<4>());
    together(Index<2>());
    together(Index<1>());
    for (; c < n; ++c) {
        for (i64 r = 0; r < rows; ++r) {
            double found[K];
            numbers(r * stride + c, c, found);
            for (int k = 0; k < K; ++k) sums[k][c] += found[k];
        }
    }
}

// The sum of values.
inline void add_values(const float* values, i64 rows, i64 stride, i64 n, double (*sums)[segment]) {
    add<1>(
        rows, stride, n, sums, [&](i64 at, i64, Doubles* totals) { totals[0] += widened(values + at); },
        [&](i64 at, i64, double* found) { found[0] = static_cast<double>(values[at]); });
}

// The sum of a, and of a b.
inline void add_products(const float* a, const float* b, i64 rows, i64 stride, i64 n, double (*sums)[segment]) {
    add<2>(
        rows, stride, n, sums,
        [&](i64 at, i64, Doubles* totals) {
            const Doubles one = widened(a + at);
            totals[0] += one;
            totals[1] += one * widened(b + at);
        },
        [&](i64 at, i64, double* found) {
            found[0] = static_cast<double>(a[at]);
            found[1] = static_cast<double>(a[at]) * static_cast<double>(b[at]);
        });
}

// The sum of |value - mean|, or of its square.
template <bool absolute>
inline void add_deviations(const float* values, const double* mean, i64 rows, i64 stride, i64 n,
                           double (*sums)[segment]) {
    add<1>(
        rows, stride, n, sums,
        [&](i64 at, i64 c, Doubles* totals) {
            const Doubles off = widened(values + at) - load(mean + c);
            totals[0] += absolute ? (off < 0.0 ? -off : off) : off * off;
        },
        [&](i64 at, i64 c, double* found) {
            const double off = static_cast<double>(values[at]) - mean[c];
            found[0] = absolute ? std::fabs(off) : off * off;
        });
}

}  // namespace linocut::LINOCUT_NS::ordered
