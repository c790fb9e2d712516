// Products of bits by VPOPCNTDQ. Limit: popcount, XOR and addition, 3 instructions for 512 MACs.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../x86.hpp"
#include "interleaved.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr int panel_rows_at_once = 3;  // 24 sums of 64 outputs in registers

// sums[i][v]: the popcounts of eight outputs over the words. A word of the panel has Width outputs.
template <int R, i64 Width, int V>
[[gnu::always_inline]] inline void sum_distances(const u64* const* x, const u64* panel, Runs words,
                                                 __m512i (&sums)[R][V]) {
    unrolled<R * V>([&](auto i) { sums[i / V][i % V] = _mm512_setzero_si512(); });
    for (i64 run = 0; run < words.runs; ++run) {
        const i64 first = run * words.x_step;
        const u64* at = panel + run * words.panel_step * Width;
        for (i64 w = 0; w < words.count; ++w, at += Width) {
            __m512i a[R];
            unrolled<R>([&](auto i) { a[i] = _mm512_set1_epi64(static_cast<i64>(x[i][first + w])); });
            unrolled<V>([&](auto v) {
                const __m512i outputs = _mm512_loadu_si512(at + 8 * v);
                unrolled<R>([&](auto i) {
                    sums[i][v] = _mm512_add_epi64(sums[i][v], _mm512_popcnt_epi64(_mm512_xor_si512(a[i], outputs)));
                });
            });
        }
    }
}

template <int R, i64 Width, int V>
inline void subtract_vectors(const u64* const* x, const u64* panel, Runs words, i32 (*products)[Width]) {
    __m512i sums[R][V];
    sum_distances<R, Width>(x, panel, words, sums);
    unrolled<R * V / 2>([&](auto pair) {
        constexpr int i = pair / (V / 2), v = 2 * (pair % (V / 2));
        const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(sums[i][v])),
                                                _mm512_cvtepi64_epi32(sums[i][v + 1]), 1);
        const __m512i before = _mm512_loadu_si512(products[i] + 8 * v);
        _mm512_storeu_si512(products[i] + 8 * v, _mm512_sub_epi32(before, _mm512_slli_epi32(both, 1)));
    });
}

// products[i][c] -= 2 popcounts over the words, for n outputs or more.
template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64 n, i32 (*products)[Width]) {
    if constexpr (Width > columns) {
        if (n <= columns) return subtract_vectors<R, Width, columns / 8>(x, panel, words, products);
        if (n <= Width / 2) return subtract_vectors<R, Width, Width / 16>(x, panel, words, products);
    }
    subtract_vectors<R, Width, Width / 8>(x, panel, words, products);
}

// y[i][c] = bits - 2 popcounts over the words, of a whole panel.
template <int R>
inline void store_products(const u64* const* x, const u64* panel, i64 count, i16 bits, i64, i16* const* y) {
    __m512i sums[R][2];
    sum_distances<R, columns>(x, panel, {count}, sums);
    unrolled<R>([&](auto i) {
        const __m256i both = _mm256_setr_m128i(_mm512_cvtepi64_epi16(sums[i][0]), _mm512_cvtepi64_epi16(sums[i][1]));
        store_whole(y[i], _mm256_sub_epi16(_mm256_set1_epi16(bits), _mm256_add_epi16(both, both)));
    });
}

}  // namespace linocut::LINOCUT_NS::distances
