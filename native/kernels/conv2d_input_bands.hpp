// conv2d_input_gradient of few channels, in integers: bands of rows of an image of dY are copied with what lies around
// them, so that no patch is gathered: what a pixel of dX sees through a row of taps is one run of bytes.
// How:   a byte of the band is dY + 128, of which 0 is that of padding, and a weight +-1; 128 times the sum of a
//        column's weights is taken off. Inputs go phase by phase, as in conv2d_input_gradient.hpp; a unit is a band.
#pragma once

#include "conv2d_input_gradient_grids.hpp"
#include "conv2d_input_weights.hpp"
#include "far_tiles.hpp"
#include "gradient_scale.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

struct Bands {
    static constexpr i64 most_channels = tile_columns, most_groups = 9 * most_channels / 4;
    static constexpr i64 most_bytes = 65536;
    static constexpr i64 wanted_pixels = 512;

    // Rows of a grid in a band; 0 where not even one fits.
    static i64 rows_of(const Grid& grid, i64 outputs) {
        const i64 row = row_bytes(grid, outputs);
        if (grid.taps() == 0 || row == 0) return most<i64>(1, grid.rows.count);
        const i64 fit = most_bytes / row - (grid.rows.taps - 1),
                  wanted = most<i64>(1, wanted_pixels / grid.columns.count);
        return most<i64>(0, least(grid.rows.count, least(fit, wanted)));
    }
    static i64 width_of(const Grid& grid) { return grid.columns.count + grid.columns.taps - 1; }
    static i64 row_bytes(const Grid& grid, i64 outputs) { return width_of(grid) * outputs; }
    static i64 count_of(const Grid& grid, i64 outputs) {
        return grid.rows.count == 0 || grid.columns.count == 0
                   ? 0
                   : grid.batch * divide_up(grid.rows.count, rows_of(grid, outputs));
    }
};

// visit(grid) for every phase of dX, its taps in the order in which dY lies.
template <class Visit>
inline void each_phase(const Call& call, const Visit& visit) {
    each_grid(call, false, [&](Grid grid) {
        grid.rows = reversed(grid.rows);
        grid.columns = reversed(grid.columns);
        visit(grid);
    });
}

inline bool by_bands(const Call& call) {
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const i64 outputs = dy.cols;
    bool fits = biased_rows && is_integer(dy.format) && outputs % 4 == 0 && outputs <= Bands::most_channels &&
                dx.cols <= Bands::most_channels;
    if (!fits) return false;
    each_phase(call, [&](const Grid& grid) {
        fits = fits && grid.taps() * outputs <= 4 * Bands::most_groups && Bands::rows_of(grid, outputs) > 0;
    });
    return fits;
}

inline i64 band_units(const Call& call) {
    i64 bands = 0;
    each_phase(call, [&](const Grid& grid) { bands += Bands::count_of(grid, call.operands[DY].cols); });
    return bands;
}

class BandProducts {
  public:
    explicit BandProducts(const Call& call)
        : dy_(call.operands[DY]),
          weights_(call.operands[WEIGHTS]),
          dx_(call.operands[DX]),
          source_(dy_),
          shift_(shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT])) {
        Workspace space(call);
        panel_ = &space.take<u8[Bands::most_groups][tile_columns][4]>();
        tile_ = &space.take<Tile>();
        band_ = space.several<u8>(Bands::most_bytes);
    }

    // The weights of a grid as +-1: [tap][output of four][input][output].
    void pack(const Grid& grid) {
        const i64 groups = grid.taps() * dy_.cols / 4, taps = weights_.rows / dy_.cols;
        std::memset(start_, 0, sizeof start_);
        if (groups == 0) return;
        pack_signs(weights_, WeightRows(grid, dy_.cols, taps, 0), 0, 4 * groups, *panel_, start_);
        place_groups(grid, dy_.cols, Bands::row_bytes(grid, dy_.cols), 0, groups, places_);
    }

    // Rows [first, end) of an image.
    void run(const Grid& grid, i64 example, i64 first, i64 end) {
        fill(grid, example, first, end - first + grid.rows.taps - 1);
        const i64 pitch = Bands::row_bytes(grid, dy_.cols), groups = grid.columns.taps * dy_.cols / 4;
        for (i64 r = first; r < end; ++r) {
            for (i64 c = 0; c < grid.columns.count; c += tile_rows) {
                const i64 pixels = least(tile_rows, grid.columns.count - c);
                multiply(band_ + (r - first) * pitch + c * dy_.cols, pixels, grid.rows.taps, groups, pitch);
                store(grid, example, r, c, pixels);
            }
        }
    }

    Seen seen;

  private:
    // The sums of some pixels of a row, over `runs` of groups.
    template <class D = FarDots>
    void multiply(const u8* from, i64 pixels, i64 runs, i64 groups, i64 pitch) {
        if constexpr (D::usable) {
            const u8* rows[tile_rows];
            for (i64 m = 0; m < pixels; ++m) rows[m] = from + m * dy_.cols;
            far_tiles::add_rows<D>(pixels, rows, {places_, *panel_, runs * groups, start_, true}, dx_.cols, *tile_);
        } else {
            for (i64 m = 0; m < pixels; ++m) std::memcpy((*tile_)[m], start_, sizeof start_);
            for (i64 t = 0; t < runs && groups > 0; ++t) {
                dot_tile<Signed::panel, Range::signs>(pixels, {from + t * pitch, dy_.cols, 4}, *panel_ + t * groups,
                                                      groups, AsTheyAre{false}, *tile_, dx_.cols);
            }
        }
    }

    void fill(const Grid& grid, i64 example, i64 first, i64 rows) {
        const i64 pitch = Bands::row_bytes(grid, dy_.cols), left = grid.columns.origin, width = Bands::width_of(grid);
        const i64 begin = clamp<i64>(-left, 0, width), end = clamp(source_.width - left, begin, width);
        for (i64 j = 0; j < rows && grid.taps() > 0; ++j) {
            u8* to = band_ + j * pitch;
            const i64 row = grid.rows.origin + first + j;
            if (row < 0 || row >= source_.height || begin == end) {
                std::memset(to, bias, static_cast<std::size_t>(pitch));
                continue;
            }
            const i64 count = (end - begin) * dy_.cols;
            std::memset(to, bias, static_cast<std::size_t>(begin * dy_.cols));
            copy_biased(dy_, source_.pixel(example, row, left + begin), count, to + begin * dy_.cols);
            std::memset(to + end * dy_.cols, bias, static_cast<std::size_t>((width - end) * dy_.cols));
        }
    }

    void store(const Grid& grid, i64 example, i64 r, i64 c, i64 pixels) {
        const i64 y = grid.rows.first_pixel + grid.rows.pixel_step * r, step = grid.columns.pixel_step;
        const i64 first = (example * grid.height + y) * grid.width + grid.columns.first_pixel + step * c;
        if (dx_.format == Format::i4 && step == 1 && dx_.cols % 2 == 0)
            return with_count(dx_.cols, [&](auto n) { halve_rows(n, pixels, nibble_row(dx_, first, 0)); });
        if (dx_.format != Format::i8) {
            for (i64 m = 0; m < pixels; ++m) store_sums(dx_, first + step * m, 0, (*tile_)[m], dx_.cols, shift_, seen);
            return;
        }
        with_count(dx_.cols, [&](auto n) { round_rows(n, pixels, row<i8>(dx_, first), step * dx_.cols); });
    }

    // round_sums of all rows of the tile together.
    template <class Count>
    [[gnu::always_inline]] void round_rows(Count n, i64 pixels, i8* __restrict out, i64 stride) {
        constexpr i32 limit = 127;
        const i32 half = (1 << shift_) >> 1;
        i32 largest[tile_columns] = {};
        const auto& tile = *tile_;
        for (i64 m = 0; m < pixels; ++m, out += stride) {
            for (i64 k = 0; k < n; ++k) {
                const i32 sum = tile[m][k];
                largest[k] = most(largest[k], sum < 0 ? -sum : sum);
                out[k] = static_cast<i8>(clamp((sum + half) >> shift_, -limit, limit));
            }
        }
        i32 all = 0;
        for (i64 k = 0; k < n; ++k) all = most(all, largest[k]);
        seen.largest = most(seen.largest, all);
        if ((all + half) >> shift_ <= limit / 2) return;  // no mantissa is larger
        i32 saturated = 0, near = 0;
        for (i64 m = 0; m < pixels; ++m) {
            for (i64 k = 0; k < n; ++k) {
                const i32 mantissa = (tile[m][k] + half) >> shift_, size = mantissa < 0 ? -mantissa : mantissa;
                saturated += size > limit;
                near += size > limit / 2;
            }
        }
        seen.saturated += saturated;
        seen.near += near;
    }

    // halve_sums of all rows of the tile together, whose nibbles follow each other.
    template <class Count>
    [[gnu::always_inline]] void halve_rows(Count n, i64 pixels, u8* out) {
        i8 halves[tile_rows * tile_columns];
        i32 largest[tile_columns] = {}, saturated[tile_columns] = {}, near[tile_columns] = {};
        const auto& tile = *tile_;
        for (i64 m = 0; m < pixels; ++m) {
            i8* to = halves + m * n;
            for (i64 k = 0; k < n; ++k) {
                const i32 sum = tile[m][k], doubled = 2 * sum >> shift_, size = doubled < 0 ? -doubled : doubled;
                largest[k] = most(largest[k], sum < 0 ? -sum : sum);
                saturated[k] += size > 2 * most_level;
                near[k] += size > most_level;
                to[k] = static_cast<i8>(clamp(doubled, -127, 127));
            }
        }
        for (i64 k = 0; k < n; ++k) {
            seen.largest = most(seen.largest, largest[k]);
            seen.saturated += saturated[k];
            seen.near += near[k];
        }
        pack_halves(halves, pixels * n, out);
    }

    const Operand &dy_, &weights_, &dx_;
    const Image source_;
    const int shift_;
    u8 (*panel_)[Bands::most_groups][tile_columns][4];
    Tile* tile_;
    u8* band_;
    alignas(64) i32 start_[tile_columns];
    i32 places_[Bands::most_groups];  // of the groups of a pixel, from its first
};

// What is packed of a grid serves all its units that one thread does.
inline void run_bands(const Call& call, i64 begin, i64 end) {
    BandProducts products(call);
    i64 passed = 0;
    each_phase(call, [&](const Grid& grid) {
        const i64 outputs = call.operands[DY].cols, before = passed, count = Bands::count_of(grid, outputs);
        passed += count;
        const i64 from = most(begin, before), to = least(end, passed);
        if (from >= to) return;
        products.pack(grid);
        const i64 rows = Bands::rows_of(grid, outputs), bands = count / grid.batch;
        for (i64 unit = from; unit < to; ++unit) {
            const i64 first = (unit - before) % bands * rows;
            products.run(grid, (unit - before) / bands, first, least(grid.rows.count, first + rows));
        }
    });
    products.seen.note(call.operands[SCALE]);
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
