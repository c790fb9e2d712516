// Sums of products of unsigned rows and a signed panel of bytes, in the layouts of dot8.hpp, for many rows that are packed
// together: tile[m][c] += sum over r of rows(m, r) * panel(r, c), of at least one group.
//
//   rows: four bytes of row m and group g at rows + 4 m + g * stride.
//
// `Range::narrow` means that the rows are 0 or 1. On AVX2 a pair of products then is at most 256 in size, so that sums of
// `narrow_groups` pairs fit 16 bits and are widened once: VPMADDUBSW and an addition for 32 products. All else is dot8.hpp's.
#pragma once

#include "dot8.hpp"

namespace linocut::LINOCUT_NS {

#if defined(__AVX2__) && !defined(__AVX512VNNI__)

inline constexpr i64 narrow_groups = 64;

// Sums have the type of their instructions: with __m256i, GCC copies every sum at every step.
typedef i16 Shorts __attribute__((vector_size(32)));

inline __m256i load_columns(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

// Columns [c, c + 16) of M rows. 16-bit sums of a pair of products each, widened at the end.
template <int M>
inline void narrow_columns(
    const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i64 c, i32 (*tile)[tile_columns]) {
    Shorts sums[M][2];
    for (int m = 0; m < M; ++m) sums[m][0] = sums[m][1] = Shorts{};
    i64 g = 0;
    do {
        const __m256i low = load_columns(panel[g][c]), high = load_columns(panel[g][c + 8]);
        for (int m = 0; m < M; ++m) {
            const __m256i four = _mm256_set1_epi32(static_cast<i32>(load_four(rows + 4 * m + g * stride)));
            sums[m][0] += reinterpret_cast<Shorts>(_mm256_maddubs_epi16(four, low));
            sums[m][1] += reinterpret_cast<Shorts>(_mm256_maddubs_epi16(four, high));
        }
    } while (++g < groups);
    const __m256i one = _mm256_set1_epi16(1);
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < 2; ++v) {
            i32* at = tile[m] + c + 8 * v;
            const __m256i sum = _mm256_add_epi32(load_columns(at), _mm256_madd_epi16(reinterpret_cast<__m256i>(sums[m][v]), one));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), sum);
        }
    }
}

template <int M>
inline void narrow_block(const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i32 (*tile)[tile_columns]) {
    for (i64 begin = 0; begin < groups; begin += narrow_groups) {
        const i64 count = least(narrow_groups, groups - begin);
        for (i64 c = 0; c < tile_columns; c += 16) {
            narrow_columns<M>(rows + begin * stride, stride, panel + begin, count, c, tile);
        }
    }
}

inline void add_narrow_products(
    i64 count, const u8* rows, i64 stride, const Panel& panel, i64 groups, i32 (*tile)[tile_columns]) {
    constexpr int at_once = 4;
    i64 m = 0;
    for (; m + at_once <= count; m += at_once) narrow_block<at_once>(rows + 4 * m, stride, panel, groups, tile + m);
    for (; m < count; ++m) narrow_block<1>(rows + 4 * m, stride, panel, groups, tile + m);
}

#elif defined(LINOCUT_NEON)

// 0 and 1 are signed bytes too, and it does not matter which factor the panel is.
inline void add_narrow_products(
    i64 count, const u8* rows, i64 stride, const Panel& panel, i64 groups, i32 (*tile)[tile_columns]) {
    dot_tile<Signed::rows, Range::narrow>(count, {rows, 4, stride}, panel, groups, false, tile);
}

#else

inline void add_narrow_products(
    i64 count, const u8* rows, i64 stride, const Panel& panel, i64 groups, i32 (*tile)[tile_columns]) {
    dot_tile<Signed::panel, Range::narrow>(count, {rows, 4, stride}, panel, groups, false, tile);
}

#endif

// `count` rows of the tile gain `groups` whole groups.
template <Range W>
inline void add_byte_products(
    i64 count, const u8* rows, i64 stride, const Panel& panel, i64 groups, i32 (*tile)[tile_columns]) {
    if constexpr (W == Range::narrow) {
        add_narrow_products(count, rows, stride, panel, groups, tile);
    } else {
        dot_tile<Signed::panel, W>(count, {rows, 4, stride}, panel, groups, false, tile);
    }
}

}  // namespace linocut::LINOCUT_NS
