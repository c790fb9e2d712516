// Sums of products of floats over patches, for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] += sum over k of patches(m, k) * weights(k, c)
#pragma once

#include "float_product.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 float_tiles = unit_columns / float_columns;

using FloatTiles = float[float_tiles][unit_pixels][float_columns];

inline void clear_tiles(i64 pixels, i64 count, FloatTiles& tiles) {
    for (i64 t = 0; t < count; ++t) std::memset(tiles[t], 0, static_cast<std::size_t>(pixels) * sizeof tiles[t][0]);
}

// What a row of taps sees of a row of the source, of pixels that lie side by side: (pixels, taps, channels) from `out`
// on, 0 where it sees nothing.
struct SeenRun {
    static constexpr i64 most_floats = block_pixels * float_chunk;

    i64 example, row, column, step, pixels;

    // How many of `places`, up to `most`, lie side by side.
    SeenRun(const Grid& grid, const Place* places, i64 most)
        : example(places->example), row(places->row), column(places->column), step(grid.columns.step), pixels(1) {
        while (pixels < most && places[pixels].example == example && places[pixels].row == row &&
               places[pixels].column == column + pixels * step)
            ++pixels;
    }

    template <class T>
    void load(const Grid& grid, i64 tap_row, const T* source, i64 channels, float* out) const {
        const i64 at = row + grid.rows.direction * tap_row, all = (pixels - 1) * step + grid.columns.taps;
        const bool inside = at >= 0 && at < grid.rows.size;
        const i64 begin = inside ? clamp<i64>(-column, 0, all) : all;
        const i64 end = inside ? clamp(grid.columns.size - column, begin, all) : all;
        const auto clear = [&](i64 from, i64 to) {
            std::memset(out + from * channels, 0, static_cast<std::size_t>((to - from) * channels) * sizeof(float));
        };
        clear(0, begin);
        clear(end, all);
        if (begin == end) return;
        const i64 pixel = (example * grid.rows.size + at) * grid.columns.size + column + begin;
        copy(source + pixel * channels, (end - begin) * channels, out + begin * channels);
    }

  private:
    static void copy(const float* from, i64 n, float* out) {
        std::memcpy(out, from, static_cast<std::size_t>(n) * sizeof(float));
    }
    static void copy(const u16* from, i64 n, float* out) { from_halves(from, n, out); }
};

// Whether what pixels side by side see through a row of taps is one run of the source, of no more than a panel holds.
inline bool by_runs(const Grid& grid, i64 channels) {
    const i64 run = grid.columns.taps * channels;
    const i64 width = (block_pixels - 1) * grid.columns.step + grid.columns.taps;
    return grid.columns.direction > 0 && grid.columns.taps > 1 && run <= float_chunk &&
           width * channels <= SeenRun::most_floats;
}

// The same sums, without patches: row of taps by row of taps. False where weights are not all finite, which are not
// to meet what a tap does not see.
template <bool Exact, class T, class Pack>
inline bool multiply_runs(const Grid& grid, const Place* places, i64 pixels, const T* source, i64 channels, i64 columns,
                          Workspace space, const Pack& pack, FloatTiles& tiles) {
    auto& panels = space.take<FloatPanel[float_tiles]>();
    auto& seen = space.take<float[SeenRun::most_floats]>();
    const i64 run = grid.columns.taps * channels, tile_count = divide_up(columns, float_columns);
    clear_tiles(pixels, tile_count, tiles);
    for (i64 r = 0; r < grid.rows.taps; ++r) {
        for (i64 t = 0; t < tile_count; ++t) {
            pack(t, r * run, run, panels[t]);
            if (!all_finite(panels[t], run)) return false;
        }
        for (i64 base = 0, n; base < pixels; base += n) {
            const SeenRun beside(grid, places + base, least(block_pixels, pixels - base));
            n = beside.pixels;
            beside.load(grid, r, source, channels, seen);
            for (i64 t = 0; t < tile_count; ++t) {
                multiply_tile<Exact>(n, {seen, beside.step * channels, 1}, panels[t], run, tiles[t] + base,
                                     columns - t * float_columns);
            }
        }
    }
    return true;
}

// Whether the pixels of a grid see those of the source one to one: rows of patches then lie side by side as they are.
inline bool sees_itself(const Grid& grid) {
    const auto same = [](const Axis& axis) {
        const bool one_to_one = axis.first_pixel == 0 && axis.pixel_step == 1 && axis.step == 1 && axis.origin == 0;
        return one_to_one && axis.taps == 1 && axis.count == axis.size;
    };
    return same(grid.rows) && same(grid.columns);
}

// pack(tile, first, count, panel) packs the weights of elements [first, first + count).
template <bool Exact, class T, class Pack>
inline void multiply_floats_of(const Grid& grid, const Place* places, i64 pixels, const T* source, i64 channels,
                               i64 columns, Workspace space, const Pack& pack, FloatTiles& tiles) {
    if (by_runs(grid, channels) &&
        multiply_runs<Exact>(grid, places, pixels, source, channels, columns, space, pack, tiles))
        return;
    auto& panels = space.take<FloatPanel[float_tiles]>();
    auto& patches = space.take<float[block_pixels][float_chunk]>();
    const i64 total = grid.taps() * channels, tile_count = divide_up(columns, float_columns);
    const bool itself = sees_itself(grid);
    clear_tiles(pixels, tile_count, tiles);
    for (i64 first = 0; first < total; first += float_chunk) {
        const i64 count = least(float_chunk, total - first);
        bool finite[float_tiles];
        for (i64 t = 0; t < tile_count; ++t) {
            pack(t, first, count, panels[t]);
            finite[t] = itself || all_finite(panels[t], count);
        }
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 rows = least(block_pixels, pixels - base);
            FloatRows factors{patches[0], float_chunk, 1};
            if constexpr (sizeof(T) == sizeof(float)) {
                if (itself) factors = {source + places[base].pixel * channels + first, channels, 1};
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

// The first `columns` of each row of the tiles, to the places' pixels of an image of floats. Few of them are brought
// together first, where all channels of pixels side by side are: stores of a few numbers take as long as those of many.
inline void store_tiles(const FloatTiles& tiles, const Place* places, i64 pixels, const Operand& to, i64 first,
                        i64 columns) {
    if (columns == to.cols && columns <= few_columns && places[pixels - 1].pixel - places[0].pixel == pixels - 1) {
        float together[block_pixels * few_columns + few_columns];
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 n = least(block_pixels, pixels - base);
            for (i64 m = 0; m < n; ++m)  // what is copied too much the next row covers
                std::memcpy(together + m * columns, tiles[0][base + m], few_columns * sizeof(float));
            store_floats(to, places[base].pixel, 0, n * columns, together);
        }
        return;
    }
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * float_columns < columns; ++t) {
            const i64 n = least(float_columns, columns - t * float_columns);
            store_floats(to, places[m].pixel, first + t * float_columns, n, tiles[t][m]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS
