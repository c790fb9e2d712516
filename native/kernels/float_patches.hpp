// Sums of products of floats over patches, for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] += sum over k of patches(m, k) * weights(k, c)
//
// Exact: every product is rounded, then added, in the order of k: the same bits on every instruction set. Otherwise a fused
// multiply-add is used where there is one.
#pragma once

#include "float_product.hpp"
#include "patches.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 float_tiles = unit_columns / float_columns;

using FloatTiles = float[float_tiles][unit_pixels][float_columns];

// rows(m, r) is rows[m * stride + r].
template <int M, bool Exact>
inline void patch_block(
    const float* rows, i64 stride, const float (*panel)[float_columns], i64 count, float (*tile)[float_columns]) {
    constexpr int V = vectors_at_once;
    for (i64 c = 0; c < float_columns; c += V * lanes) {
        Vector sums[M][V];
        unrolled<V * M>([&](auto i) { sums[i / V][i % V] = load_vector(tile[i / V] + c + i % V * lanes); });
        for (i64 r = 0; r < count; ++r) {
            Vector columns[V];
            unrolled<V>([&](auto v) { columns[v] = load_vector(panel[r] + c + v * lanes); });
            unrolled<M>([&](auto m) {
                const Vector a = splat(rows[m * stride + r]);
                unrolled<V>([&](auto v) {
                    sums[m][v] = Exact ? sums[m][v] + a * columns[v] : multiply_add(a, columns[v], sums[m][v]);
                });
            });
        }
        unrolled<V * M>([&](auto i) { std::memcpy(tile[i / V] + c + i % V * lanes, &sums[i / V][i % V], sizeof(Vector)); });
    }
}

template <bool Exact>
inline void patch_rows(
    i64 count, const float* rows, i64 stride, const FloatPanel& panel, i64 length, float (*tile)[float_columns]) {
    i64 m = 0;
    for (; m + float_rows_at_once <= count; m += float_rows_at_once) {
        patch_block<float_rows_at_once, Exact>(rows + m * stride, stride, panel, length, tile + m);
    }
    for (; m < count; ++m) patch_block<1, Exact>(rows + m * stride, stride, panel, length, tile + m);
}

inline bool all_finite(const FloatPanel& panel, i64 count) {
    u32 infinite = 0;
    const float* from = panel[0];
    for (i64 i = 0; i < count * float_columns; ++i) {
        u32 bits;
        std::memcpy(&bits, from + i, sizeof bits);
        infinite |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return infinite == 0;
}

// pack(tile, first, count, panel) packs the weights of elements [first, first + count).
template <bool Exact, class T, class Pack>
inline void multiply_floats_of(
    const Grid& grid, const Place* places, i64 pixels, const T* source, i64 channels, i64 columns, const Pack& pack,
    FloatTiles& tiles) {
    alignas(64) FloatPanel panels[float_tiles];
    alignas(64) float patches[block_pixels][float_chunk];
    const i64 total = grid.taps() * channels, tile_count = divide_up(columns, float_columns);
    for (i64 t = 0; t < tile_count; ++t) std::memset(tiles[t], 0, sizeof tiles[t]);
    for (i64 first = 0; first < total; first += float_chunk) {
        const i64 count = least(float_chunk, total - first);
        bool finite[float_tiles];
        for (i64 t = 0; t < tile_count; ++t) {
            pack(t, first, count, panels[t]);
            finite[t] = all_finite(panels[t], count);
        }
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 rows = least(block_pixels, pixels - base);
            gather(grid, places + base, rows, source, channels, {first, first + count}, count, patches[0], float_chunk);
            for (i64 t = 0; t < tile_count; ++t) {
                if (finite[t]) {
                    patch_rows<Exact>(rows, patches[0], float_chunk, panels[t], count, tiles[t] + base);
                    continue;
                }
                // 0 times such a weight is no 0: only what is seen may be multiplied.
                for (i64 m = 0; m < rows; ++m) {
                    visit(grid, places[base + m], channels, first, first + count,
                          [&](i64 from, i64 to, i64) {
                              patch_block<1, Exact>(
                                  patches[m] + (from - first), 0, panels[t] + (from - first), to - from, tiles[t] + base + m);
                          },
                          [](i64, i64) {});
                }
            }
        }
    }
}

template <class Pack>
inline void multiply_floats(
    const Grid& grid, const Place* places, i64 pixels, const Operand& source, i64 columns, bool exact, const Pack& pack,
    FloatTiles& tiles) {
    const bool halves = source.format == Format::f16;
    const float* floats = row<float>(source, 0);
    const u16* half = row<u16>(source, 0);
    if (exact && halves) multiply_floats_of<true>(grid, places, pixels, half, source.cols, columns, pack, tiles);
    if (exact && !halves) multiply_floats_of<true>(grid, places, pixels, floats, source.cols, columns, pack, tiles);
    if (!exact && halves) multiply_floats_of<false>(grid, places, pixels, half, source.cols, columns, pack, tiles);
    if (!exact && !halves) multiply_floats_of<false>(grid, places, pixels, floats, source.cols, columns, pack, tiles);
}

// The first `columns` of each row of the tiles, to the places' pixels of an image of floats.
inline void store_tiles(
    const FloatTiles& tiles, const Place* places, i64 pixels, const Operand& to, i64 first, i64 columns) {
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * float_columns < columns; ++t) {
            const i64 n = least(float_columns, columns - t * float_columns);
            store_floats(to, places[m].pixel, first + t * float_columns, n, tiles[t][m]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS
