// Tiles of products of bytes by AVX2. Limit: VPMADDUBSW and an addition for 32, in sums of 16 bits that are widened
// once for `groups_at_once`; 16 bits do not hold even a pair of two whole bytes, 2 * 255 * 127: `Range::wide` splits
// even and odd bytes first, for two VPMADDWD and two additions.
#pragma once

#include "../x86.hpp"
#include "tiles.hpp"
#include "used_x86.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr bool biased_rows = true;
struct FarDots {
    static constexpr bool usable = false;
};

inline constexpr int dot_rows = 4;  // six take the same time in the nearest cache, and longer out of it

// A pair of products is at most 2 * 1 * 128, 2 * 255 * 1 or 2 * 255 * 2 in size. 128 groups of bits would fit too, but
// not the nearest cache.
template <>
inline constexpr i64 groups_at_once<Range::bits> = 64;
template <>
inline constexpr i64 groups_at_once<Range::signs> = 64;
template <>
inline constexpr i64 groups_at_once<Range::doubled> = 32;
static_assert(64 * 2 * 128 <= 32767 && 64 * 2 * 255 <= 32767 && 32 * 2 * 255 * 2 <= 32767);

inline constexpr int sparse_rows = 1;

// Sums have the type of their instructions: with __m256i, GCC copies every sum at every step.
typedef i16 Shorts __attribute__((vector_size(32)));
typedef i32 Ints __attribute__((vector_size(32)));

inline __m256i load_row(ByteRows rows, i64 m, i64 g) {
    return _mm256_set1_epi32(static_cast<i32>(load_four(rows.data + m * rows.row_stride + g * rows.group_stride)));
}

inline void add_to(bool fresh, i32* at, __m256i sum) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), fresh ? sum : _mm256_add_epi32(load_whole(at), sum));
}

// Vectors of columns that go with M rows: few rows leave registers for more.
template <int M>
inline constexpr int narrow_vectors = M == 1   ? 8
                                      : M == 2 ? 4
                                               : 2;

// Columns from c of M rows, a few vectors. Each sum is one of pairs of products, in 16 bits.
template <int M, Signed S, class Groups, class Into>
[[gnu::always_inline]] inline void dot_narrow(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 c,
                                              Into into, i32 (*tile)[tile_columns]) {
    constexpr int V = narrow_vectors<M>;
    Shorts sums[M][V];
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < V; ++v) sums[m][v] = Shorts{};
    }
    const u8* at = panel[0][c];
    for (i64 i = 0; i < groups.count; ++i, at += sizeof panel[0]) {
        const i64 g = groups[i];
        if constexpr (Groups::listed) at = panel[g][c];
        __m256i columns[V];
        for (int v = 0; v < V; ++v) columns[v] = load_whole(at + 32 * v);
        for (int m = 0; m < M; ++m) {
            const __m256i four = load_row(rows, m, g);
            for (int v = 0; v < V; ++v) {
                const __m256i u = S == Signed::rows ? columns[v] : four, s = S == Signed::rows ? four : columns[v];
                sums[m][v] += reinterpret_cast<Shorts>(_mm256_maddubs_epi16(u, s));
            }
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < V; ++v) {
            const __m256i pairs = reinterpret_cast<__m256i>(sums[m][v]);
            __m256i sum = _mm256_madd_epi16(pairs, _mm256_set1_epi16(Into::of_signs ? 2 : 1));
            if constexpr (Into::of_signs) sum = _mm256_add_epi32(sum, _mm256_set1_epi32(into.start(m)));
            add_to(into.fresh, tile[m] + c + 8 * v, sum);
        }
    }
}

// Of M rows the even bytes of each four, then its odd ones, as 16 bits.
template <int M, bool is_signed>
inline void widen_rows(ByteRows rows, i64 groups, i32 (*halves)[M][2]) {
    const __m128i even_then_odd = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    for (i64 g = 0; g < groups; ++g) {
        alignas(16) u32 fours[4] = {};
        for (int m = 0; m < M; ++m) fours[m] = load_four(rows.data + m * rows.row_stride + g * rows.group_stride);
        const __m128i bytes = _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(fours)), even_then_odd);
        const __m256i wide = is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
        std::memcpy(halves[g], &wide, sizeof halves[g]);
    }
}

// Columns [c, c + 16) of M rows of whole bytes.
template <int M, bool panel_signed>
inline void dot_wide(const i32 (*halves)[M][2], const u8 (*panel)[tile_columns][4], i64 groups, i64 c, bool fresh,
                     i32 (*tile)[tile_columns]) {
    const auto even = [](__m256i bytes) {
        return panel_signed ? _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8)
                            : _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF));
    };
    const auto odd = [](__m256i bytes) {
        return panel_signed ? _mm256_srai_epi16(bytes, 8) : _mm256_srli_epi16(bytes, 8);
    };
    Ints sums[M][2];
    for (int m = 0; m < M; ++m) sums[m][0] = sums[m][1] = Ints{};
    const u8* at = panel[0][c];
    for (i64 g = 0; g < groups; ++g, at += sizeof panel[0]) {
        const __m256i columns[2] = {load_whole(at), load_whole(at + 32)};
        const __m256i evens[2] = {even(columns[0]), even(columns[1])}, odds[2] = {odd(columns[0]), odd(columns[1])};
        for (int m = 0; m < M; ++m) {
            const __m256i by_even = _mm256_set1_epi32(halves[g][m][0]), by_odd = _mm256_set1_epi32(halves[g][m][1]);
            for (int v = 0; v < 2; ++v) {
                sums[m][v] += reinterpret_cast<Ints>(_mm256_madd_epi16(evens[v], by_even));
                sums[m][v] += reinterpret_cast<Ints>(_mm256_madd_epi16(odds[v], by_odd));
            }
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < 2; ++v) add_to(fresh, tile[m] + c + 8 * v, reinterpret_cast<__m256i>(sums[m][v]));
    }
}

template <int M, Signed S, Range W, class Groups, class Into>
[[gnu::always_inline]] inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups,
                                             i64 columns, Into into, i32 (*tile)[tile_columns]) {
    if constexpr (W == Range::wide) {
        static_assert(!Groups::listed && !Into::of_signs);
        i32 halves[chunk_groups][M][2];
        widen_rows<M, S == Signed::rows>(rows, groups.count, halves);
        for (i64 c = 0; c < columns; c += 16) {
            dot_wide<M, S == Signed::panel>(halves, panel, groups.count, c, into.fresh, tile);
        }
    } else {
        for (i64 c = 0; c < columns; c += 8 * narrow_vectors<M>) dot_narrow<M, S>(rows, panel, groups, c, into, tile);
    }
}

}  // namespace linocut::LINOCUT_NS
