// Products of strips of bytes, by VNNI. Limit: one VPDPBUSD for 64 products; six loads at any place and four for 24.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../vnni.hpp"

namespace linocut::LINOCUT_NS {

struct Strips {
    static constexpr bool usable = true;
    static constexpr i64 width = 64;  // bytes that are multiplied at a time
    static constexpr int columns = 6, rows = 4;

    // sums[c][r] += the products of strip c, bytes without signs at any place, and of signed strip r.
    static void add(const u8* const* strips, const i8* from, i64 stride, i64 vectors, i32 (*sums)[rows]) {
        Sums512 all[columns][rows];
        unrolled<columns * rows>([&](auto i) { all[i / rows][i % rows] = Sums512{}; });
        const u8* at[columns];
        unrolled<columns>([&](auto c) { at[c] = strips[c]; });
        for (i64 i = 0; i < vectors * width; i += width) {
            __m512i others[rows];
            unrolled<rows>([&](auto r) { others[r] = _mm512_loadu_si512(from + r * stride + i); });
            unrolled<columns>([&](auto c) {
                const __m512i strip = _mm512_loadu_si512(at[c] + i);
                unrolled<rows>([&](auto r) { all[c][r] = add_dots(all[c][r], strip, others[r]); });
            });
        }
        // Through memory: of sums that are turned into other vectors here, GCC 12 stores every one at every step.
        alignas(64) i32 lanes[columns][rows][16];
        unrolled<columns * rows>([&](auto i) { store_sums(lanes[i / rows][i % rows], all[i / rows][i % rows]); });
        for (int c = 0; c < columns; ++c) add_totals(lanes[c], sums[c]);
    }

  private:
    static void add_totals(const i32 (*four)[16], i32* to) {
        const auto joined = [](__m512i a, __m512i b) {
            return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        };
        const auto of = [&](int r) { return _mm512_load_si512(four[r]); };
        const __m512i lanes = joined(joined(of(0), of(2)), joined(of(1), of(3)));  // of 0, 1, 2, 3, four times
        const __m256i two = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
        const __m128i one = _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
        __m128i* at = reinterpret_cast<__m128i*>(to);
        _mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), one));
    }
};

}  // namespace linocut::LINOCUT_NS
