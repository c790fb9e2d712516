// Sums of products of unsigned rows and a signed panel of bytes, in the layouts of dot8.hpp, for many rows that are packed
// together: tile[m][c] += sum over r of rows(m, r) * panel(r, c), of at least one group.
//
//   rows: four bytes of row m and group g at rows + 4 m + g * stride.
//
// Sums stay in registers over a whole block of groups. On AVX2, `Range::narrow` means that the rows are 0 or 1: a pair of
// products is at most 256 in size, so that sums of `narrow_groups` pairs fit 16 bits and are widened once.
// Limit: AVX-512: one VPDPBUSD for 64 products; AVX2: VPMADDUBSW and an addition for 32.
#pragma once

#include "dot8.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 narrow_groups = 64;

#if defined(__AVX512VNNI__)

inline constexpr int byte_rows = 6;

// Sums have the type that the instruction gives: with __m512i, GCC copies every sum at every step.
typedef i32 Integers __attribute__((vector_size(64)));

inline Integers dot(Integers sum, __m512i unsigned_bytes, __m512i signed_bytes) {
    return reinterpret_cast<Integers>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), unsigned_bytes, signed_bytes));
}

template <int M, Range>
inline void byte_block(const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i32 (*tile)[tile_columns]) {
    Integers sums[M][4];
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < 4; ++v) sums[m][v] = reinterpret_cast<Integers>(_mm512_loadu_si512(tile[m] + 16 * v));
    }
    i64 g = 0;
    do {
        __m512i columns[4];
        for (int v = 0; v < 4; ++v) columns[v] = _mm512_load_si512(panel[g][16 * v]);
        for (int m = 0; m < M; ++m) {
            const __m512i four = _mm512_set1_epi32(static_cast<i32>(load_four(rows + 4 * m + g * stride)));
            for (int v = 0; v < 4; ++v) sums[m][v] = dot(sums[m][v], four, columns[v]);
        }
    } while (++g < groups);
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < 4; ++v) _mm512_storeu_si512(tile[m] + 16 * v, reinterpret_cast<__m512i>(sums[m][v]));
    }
}

#elif defined(__AVX2__)

inline constexpr int byte_rows = 4;

// Sums have the types of their instructions: with __m256i, GCC copies every sum at every step.
typedef i16 Shorts __attribute__((vector_size(32)));
typedef i32 Integers __attribute__((vector_size(32)));

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

// Columns [c, c + 8) of M rows: even and odd bytes as 16 bits, in turn.
template <int M>
inline void wide_columns(
    const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i64 c, i32 (*tile)[tile_columns]) {
    Integers sums[M];
    for (int m = 0; m < M; ++m) sums[m] = reinterpret_cast<Integers>(load_columns(tile[m] + c));
    i64 g = 0;
    do {
        const __m256i columns = load_columns(panel[g][c]);
        const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(columns, 8), 8), odd = _mm256_srai_epi16(columns, 8);
        for (int m = 0; m < M; ++m) {
            const __m256i four = _mm256_set1_epi32(static_cast<i32>(load_four(rows + 4 * m + g * stride)));
            const __m256i low = _mm256_madd_epi16(_mm256_and_si256(four, _mm256_set1_epi16(0x00FF)), even);
            const __m256i high = _mm256_madd_epi16(_mm256_srli_epi16(four, 8), odd);
            sums[m] += reinterpret_cast<Integers>(low);
            sums[m] += reinterpret_cast<Integers>(high);
        }
    } while (++g < groups);
    for (int m = 0; m < M; ++m) std::memcpy(tile[m] + c, &sums[m], sizeof sums[m]);
}

template <int M, Range W>
inline void byte_block(const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i32 (*tile)[tile_columns]) {
    if constexpr (W == Range::wide) {
        for (i64 c = 0; c < tile_columns; c += 8) wide_columns<M>(rows, stride, panel, groups, c, tile);
        return;
    }
    for (i64 begin = 0; begin < groups; begin += narrow_groups) {
        const i64 count = least(narrow_groups, groups - begin);
        for (i64 c = 0; c < tile_columns; c += 16) {
            narrow_columns<M>(rows + begin * stride, stride, panel + begin, count, c, tile);
        }
    }
}

#else

inline constexpr int byte_rows = 1;

template <int M, Range>
inline void byte_block(const u8* rows, i64 stride, const u8 (*panel)[tile_columns][4], i64 groups, i32 (*tile)[tile_columns]) {
    static_assert(M == 1);
    for (i64 g = 0; g < groups; ++g) {
        const u8* four = rows + g * stride;
        for (i64 c = 0; c < tile_columns; ++c) {
            for (int i = 0; i < 4; ++i) tile[0][c] += i32(four[i]) * static_cast<i8>(panel[g][c][i]);
        }
    }
}

#endif

// `count` rows of the tile gain `groups` whole groups.
template <Range W>
inline void add_byte_products(
    i64 count, const u8* rows, i64 stride, const Panel& panel, i64 groups, i32 (*tile)[tile_columns]) {
    i64 m = 0;
    for (; m + byte_rows <= count; m += byte_rows) byte_block<byte_rows, W>(rows + 4 * m, stride, panel, groups, tile + m);
    for (; m < count; ++m) byte_block<1, W>(rows + 4 * m, stride, panel, groups, tile + m);
}

}  // namespace linocut::LINOCUT_NS
