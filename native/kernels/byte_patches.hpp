// Sums of products of bytes over patches: those of dot8.hpp for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] = (fresh ? 0 : the same) + sum over k of patches(m, k) * weights(k, c)
#pragma once

#include "dot8.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 byte_tiles = unit_columns / tile_columns;
inline constexpr i64 byte_chunk = 4 * chunk_groups;

using ByteTiles = i32[byte_tiles][unit_pixels][tile_columns];

// The panels of a unit; `first` is the element of the patches that they start at, -1 before they are packed.
struct BytePanels {
    alignas(64) Panel panels[byte_tiles];
    i64 first = -1;
};

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
#if defined(__AVX512VNNI__)
    __m512i sum = _mm512_setzero_si512();
    for (i64 i = 0; i < n; i += 64) sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(from + i));
    return _mm512_reduce_add_epi32(sum);
#elif defined(__AVX2__)
    __m256i sum = _mm256_setzero_si256();
    for (i64 i = 0; i < n; i += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    alignas(32) i32 lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), sum);
    return lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
#else
    i32 sum = 0;
    for (i64 i = 0; i < n; ++i) sum += static_cast<i8>(from[i]);
    return sum;
#endif
}

// pack(tile, first, count, panel) packs the weights of elements [first, first + count). `sums`, if not null, gain the sum of
// each row of patches. Patches longer than a panel are taken in chunks; shorter ones leave the panels for the next call.
template <Signed S, Range W, class Pack>
inline void multiply_bytes(
    const Grid& grid, const Place* places, i64 pixels, const Operand& source, i64 columns, const Pack& pack,
    BytePanels& packed, bool fresh, ByteTiles& tiles, i32* sums) {
    alignas(64) u8 patches[block_pixels][byte_chunk];
    const i64 total = grid.taps() * source.cols, tile_count = divide_up(columns, tile_columns);
    for (i64 first = 0; first < total; first += byte_chunk) {
        const i64 count = least(byte_chunk, total - first), groups = divide_up(count, 4);
        if (packed.first != first) {
            for (i64 t = 0; t < tile_count; ++t) pack(t, first, count, packed.panels[t]);
            packed.first = first;
        }
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 rows = least(block_pixels, pixels - base), padded = divide_up(count, segment) * segment;
            gather(grid, places + base, rows, row<u8>(source, 0), source.cols, {first, first + count}, padded, patches[0],
                   byte_chunk);
            for (i64 t = 0; t < tile_count; ++t) {
                dot_tile<S, W>(
                    rows, {patches[0], byte_chunk, 4}, packed.panels[t], groups, fresh && first == 0, tiles[t] + base);
            }
            for (i64 m = 0; sums && m < rows; ++m) sums[base + m] += sum_bytes(patches[m], padded);
        }
    }
    if (total > 0 || !fresh) return;
    for (i64 t = 0; t < tile_count; ++t) std::memset(tiles[t], 0, sizeof tiles[t]);
}

}  // namespace linocut::LINOCUT_NS
