// Sums of products of floats over patches, for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] += sum over k of patches(m, k) * weights(k, c)
#pragma once

#include "float_product.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 float_tiles = unit_columns / float_columns;

using FloatTiles = float[float_tiles][unit_pixels][float_columns];

// pack(tile, first, count, panel) packs the weights of elements [first, first + count).
// Whether the pixels of a grid see those of the source one to one: rows of patches then lie side by side as they are.
inline bool sees_itself(const Grid& grid) {
    const auto same = [](const Axis& axis) {
        const bool one_to_one = axis.first_pixel == 0 && axis.pixel_step == 1 && axis.step == 1 && axis.origin == 0;
        return one_to_one && axis.taps == 1 && axis.count == axis.size;
    };
    return same(grid.rows) && same(grid.columns);
}

template <bool Exact, class T, class Pack>
inline void multiply_floats_of(const Grid& grid, const Place* places, i64 pixels, const T* source, i64 channels,
                               i64 columns, Workspace space, const Pack& pack, FloatTiles& tiles) {
    auto& panels = space.take<FloatPanel[float_tiles]>();
    auto& patches = space.take<float[block_pixels][float_chunk]>();
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
            FloatRows factors{patches[0], float_chunk, 1};
            if constexpr (sizeof(T) == sizeof(float)) {
                if (sees_itself(grid)) factors = {source + places[base].pixel * channels + first, channels, 1};
            }
            if (factors.data == patches[0])
                gather(grid, places + base, rows, source, channels, {first, first + count}, count, patches[0],
                       float_chunk);
            for (i64 t = 0; t < tile_count; ++t) {
                if (finite[t]) {
                    multiply_tile<Exact>(rows, factors, panels[t], count, tiles[t] + base, columns - t * float_columns);
                    continue;
                }
                for (i64 m = 0; m < rows; ++m) {
                    visit(
                        grid, places[base + m], channels, first, first + count,
                        [&](i64 from, i64 to, i64) {
                            const i64 at = from - first;
                            multiply_tile<Exact>(1, {factors.data + m * factors.row_stride + at, 0, 1}, panels[t] + at,
                                                 to - from, tiles[t] + base + m);
                        },
                        [](i64, i64) {});
                }
            }
        }
    }
}

template <class Pack>
inline void multiply_floats(const Grid& grid, const Place* places, i64 pixels, const Operand& source, i64 columns,
                            bool exact, Workspace space, const Pack& pack, FloatTiles& tiles) {
    const bool halves = source.format == Format::f16;
    const float* floats = row<float>(source, 0);
    const u16* half = row<u16>(source, 0);
    if (exact && halves) multiply_floats_of<true>(grid, places, pixels, half, source.cols, columns, space, pack, tiles);
    if (exact && !halves)
        multiply_floats_of<true>(grid, places, pixels, floats, source.cols, columns, space, pack, tiles);
    if (!exact && halves)
        multiply_floats_of<false>(grid, places, pixels, half, source.cols, columns, space, pack, tiles);
    if (!exact && !halves)
        multiply_floats_of<false>(grid, places, pixels, floats, source.cols, columns, space, pack, tiles);
}

// The first `columns` of each row of the tiles, to the places' pixels of an image of floats.
inline void store_tiles(const FloatTiles& tiles, const Place* places, i64 pixels, const Operand& to, i64 first,
                        i64 columns) {
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * float_columns < columns; ++t) {
            const i64 n = least(float_columns, columns - t * float_columns);
            store_floats(to, places[m].pixel, first + t * float_columns, n, tiles[t][m]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS
