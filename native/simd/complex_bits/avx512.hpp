// Products of complex bits by AVX-512, which counts the bits of words: 16 outputs in two vectors.
//
// Limit: three operations of bits, two counts and two additions for 8 outputs of a word; four products of parts take
// four of each, 12 in all.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../x86.hpp"
#include "kept_apart.hpp"

namespace linocut::LINOCUT_NS::complex_bits {

inline constexpr i64 columns = 16;
inline constexpr int rows_at_once = 4;

template <int R>
inline void count(const u64* const* x, const u64* panel, i64 words, i32 (*p)[columns], i32 (*q)[columns]) {
    __m512i sums[2][R][2];
    unrolled<2 * R>([&](auto i) {
        sums[0][i / 2][i % 2] = _mm512_setzero_si512();
        sums[1][i / 2][i % 2] = _mm512_setzero_si512();
    });
    constexpr int chosen_and_x = 0x78;  // a ^ (b & c)
    constexpr int of_three = 0x96;      // a ^ b ^ c
    for (i64 w = 0; w < words; ++w, panel += word_panel) {
        const __m512i wr[2] = {_mm512_loadu_si512(panel), _mm512_loadu_si512(panel + 8)};
        const __m512i chosen[2] = {_mm512_loadu_si512(panel + 16), _mm512_loadu_si512(panel + 24)};
        unrolled<R>([&](auto i) {
            const u64* of = x[i] + w * x_words;
            const __m512i re = _mm512_set1_epi64(static_cast<i64>(of[0]));
            const __m512i im = _mm512_set1_epi64(static_cast<i64>(of[1]));
            const __m512i differ = _mm512_set1_epi64(static_cast<i64>(of[2]));
            unrolled<2>([&](auto v) {
                const __m512i both = _mm512_ternarylogic_epi64(wr[v], chosen[v], differ, chosen_and_x);
                const __m512i one = _mm512_xor_si512(both, re);
                const __m512i other = _mm512_ternarylogic_epi64(both, im, chosen[v], of_three);
                sums[0][i][v] = _mm512_add_epi64(sums[0][i][v], _mm512_popcnt_epi64(one));
                sums[1][i][v] = _mm512_add_epi64(sums[1][i][v], _mm512_popcnt_epi64(other));
            });
        });
    }
    const auto add = [](i32* to, const __m512i* both) {
        const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(both[0])),
                                               _mm512_cvtepi64_epi32(both[1]), 1);
        _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), all));
    };
    unrolled<R>([&](auto i) {
        add(p[i], sums[0][i]);
        add(q[i], sums[1][i]);
    });
}

}  // namespace linocut::LINOCUT_NS::complex_bits
