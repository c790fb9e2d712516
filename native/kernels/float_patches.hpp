// Sums of products of floats over patches, for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] += sum over k of patches(m, k) * weights(k, c)
#pragma once

#include "float_product.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 float_tiles = unit_columns / float_columns;

using FloatTiles = float[float_tiles][unit_pixels][float_columns];

// What a row of taps sees of a row of the source, of pixels that lie side by side: (pixels, taps, channels) from `out`
// on, 0 where it sees nothing.
struct SeenRun {
    static constexpr i64 most_floats = block_pixels * float_chunk;

    i64 example, row, column, step, pixels;  // the column that it starts at
    bool backward;                           // taps see the source from the last column to the first

    // As many pixels of the grid from `place` on as lie side by side, `most` at most.
    SeenRun(const Grid& grid, const Place& place, i64 most)
        : example(place.example),
          row(place.row),
          column(place.column),
          step(grid.columns.step),
          pixels(least(most, grid.columns.count - (column - grid.columns.origin) / step)),
          backward(grid.columns.direction < 0) {
        if (backward) column -= grid.columns.taps - 1;
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
    return grid.columns.taps > 1 && run <= float_chunk && width * channels <= SeenRun::most_floats;
}

// Whether the pixels of a grid see those of the source one to one: rows of patches then lie side by side as they are.
inline bool sees_itself(const Grid& grid) {
    const auto same = [](const Axis& axis) {
        const bool one_to_one = axis.first_pixel == 0 && axis.pixel_step == 1 && axis.step == 1 && axis.origin == 0;
        return one_to_one && axis.taps == 1 && axis.count == axis.size;
    };
    return same(grid.rows) && same(grid.columns);
}

// Sums of a unit, some elements of its patches after others. Elements of T are floats or halves.
template <bool Exact, class T>
class PatchSums {
  public:
    PatchSums(const Grid& grid_of, const T* from, i64 channels_of, i64 columns_of, Workspace space, FloatTiles& to)
        : grid(grid_of),
          source(from),
          channels(channels_of),
          columns(columns_of),
          tile_count(divide_up(columns, float_columns)),
          tiles(to),
          panels(space.take<FloatPanel[float_tiles]>()),
          patches(space.take<float[block_pixels][float_chunk]>()),
          itself(sees_itself(grid)) {}

    // pack(tile, first, count, panel) packs the weights of elements [first, first + count).
    template <class Pack>
    void pack(const Pack& pack_tile, Span part) {
        elements = part;
        all = true;
        if (part.size() == 0) return;  // no tap sees anything
        for (i64 t = 0; t < tile_count; ++t) {
            pack_tile(t, part.begin, part.size(), panels[t]);
            finite[t] = itself || all_finite(panels[t], part.size(), columns - t * float_columns);
            all &= finite[t];
        }
    }

    // Whether no weight is an infinity or none, which are not to meet what a tap does not see.
    bool all_are_finite() const { return all; }

    void clear(i64 row, i64 rows) {
        if (columns <= few_columns) {
            for (i64 m = row; m < row + rows; ++m) {
                float* sums = tiles[0][m];
                std::memset(sums, 0, few_columns * sizeof *sums);
            }
            return;
        }
        for (i64 t = 0; t < tile_count; ++t)
            std::memset(tiles[t][row], 0, static_cast<std::size_t>(rows) * sizeof tiles[t][row]);
    }

    // Adds what the pixels at `places` see in a row of taps, whose weights are packed from `at` on, to the rows of the
    // tiles from `row` on: without patches.
    void add_runs(const Place* places, i64 pixels, i64 tap_row, i64 at, i64 row) {
        float* seen = patches[0];
        for (i64 base = 0, n; base < pixels; base += n) {
            const SeenRun beside(grid, places[base], least(block_pixels, pixels - base));
            n = beside.pixels;
            beside.load(grid, tap_row, source, channels, seen);
            // Of taps that see the source backwards, one after another.
            const i64 taps = grid.columns.taps, count = (beside.backward ? 1 : taps) * channels;
            for (i64 k = 0; k < taps * channels; k += count) {
                const float* from = beside.backward ? seen + (taps - 1) * channels - k : seen;
                for (i64 t = 0; t < tile_count; ++t)
                    add(n, {from, beside.step * channels, 1}, t, at + k, count, row + base);
            }
        }
    }

    // Adds all elements that are packed, of no more pixels than a block has.
    void add_patches(const Place* places, i64 pixels, i64 row) {
        const i64 count = elements.size();
        FloatRows factors{patches[0], float_chunk, 1};
        if constexpr (sizeof(T) == sizeof(float)) {
            if (itself) factors = {source + places[0].pixel * channels + elements.begin, channels, 1};
        }
        if (factors.data == patches[0])
            gather(grid, places, pixels, source, channels, elements, count, patches[0], float_chunk);
        for (i64 t = 0; t < tile_count; ++t) {
            if (finite[t]) {
                add(pixels, factors, t, 0, count, row);
                continue;
            }
            for (i64 m = 0; m < pixels; ++m) {
                visit(
                    grid, places[m], channels, elements.begin, elements.end,
                    [&](i64 from, i64 to, i64) {
                        const i64 at = from - elements.begin;
                        add(1, {factors.data + m * factors.row_stride + at, 0, 1}, t, at, to - from, row + m);
                    },
                    [](i64, i64) {});
            }
        }
    }

  private:
    void add(i64 pixels, FloatRows factors, i64 t, i64 at, i64 count, i64 row) {
        multiply_tile<Exact>(pixels, factors, panels[t] + at, count, tiles[t] + row, columns - t * float_columns);
    }

    const Grid& grid;
    const T* source;
    const i64 channels, columns, tile_count;
    FloatTiles& tiles;
    FloatPanel (&panels)[float_tiles];
    float (&patches)[block_pixels][float_chunk];
    const bool itself;
    bool finite[float_tiles] = {}, all = true;
    Span elements{0, 0};
};

// store(base, pixels) takes the sums of pixels from `base` on from the first rows of the tiles. Where one panel holds
// all elements that is done block by block, whose sums stay in the nearest cache.
template <bool Exact, class T, class Pack, class Store>
inline void multiply_floats_of(const Grid& grid, const Place* places, i64 pixels, const T* source, i64 channels,
                               i64 columns, Workspace space, const Pack& pack, FloatTiles& tiles, const Store& store) {
    PatchSums<Exact, T> sums(grid, source, channels, columns, space, tiles);
    const i64 run = grid.columns.taps * channels, total = grid.rows.taps * run;
    const bool runs = by_runs(grid, channels);
    const auto each_block = [&](const auto& visit) {
        for (i64 base = 0; base < pixels; base += block_pixels) visit(base, least(block_pixels, pixels - base));
    };
    if (total <= float_chunk) {
        sums.pack(pack, {0, total});
        return each_block([&](i64 base, i64 rows) {
            sums.clear(0, rows);
            if (runs && sums.all_are_finite()) {
                for (i64 r = 0; r < grid.rows.taps; ++r) sums.add_runs(places + base, rows, r, r * run, 0);
            } else {
                sums.add_patches(places + base, rows, 0);
            }
            store(base, rows);
        });
    }
    bool done = runs;
    sums.clear(0, pixels);
    for (i64 r = 0; done && r < grid.rows.taps; ++r) {
        sums.pack(pack, {r * run, (r + 1) * run});
        done = sums.all_are_finite();
        if (done) sums.add_runs(places, pixels, r, 0, 0);
    }
    if (runs && !done) sums.clear(0, pixels);
    for (i64 first = 0; !done && first < total; first += float_chunk) {
        sums.pack(pack, {first, least(first + float_chunk, total)});
        each_block([&](i64 base, i64 rows) { sums.add_patches(places + base, rows, base); });
    }
    store(0, pixels);
}

template <class Pack, class Store>
inline void multiply_floats(const Grid& grid, const Place* places, i64 pixels, const Operand& source, i64 columns,
                            bool exact, Workspace space, const Pack& pack, FloatTiles& tiles, const Store& store) {
    const auto of = [&](auto exactly, const auto* from) {
        multiply_floats_of<decltype(exactly){} != 0>(grid, places, pixels, from, source.cols, columns, space, pack,
                                                     tiles, store);
    };
    const auto either = [&](const auto* from) { exact ? of(Index<1>(), from) : of(Index<0>(), from); };
    source.format == Format::f16 ? either(row<u16>(source, 0)) : either(row<float>(source, 0));
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
