// conv2d_input_gradient: dX = sums over the taps, of dY times the weights.
// How:   an input is seen through those taps that are equal to its place modulo the stride: inputs are taken phase by
// phase,
//        and only through the taps of their phase. Near the border some of these see nothing: in integers, inputs that
//        are seen through the same taps go together, and only through those. What the taps see of dY is gathered into
//        rows (patches.hpp); then it is the dense input_gradient. A unit is a block of channels at a block of such
//        pixels.
// With weights as bits b: sum dy (2b - 1) = 2 sum dy b - sum dy.
#pragma once

#include "byte_patches.hpp"
#include "conv2d_input_bands.hpp"
#include "conv2d_input_far.hpp"
#include "conv2d_input_gradient_grids.hpp"
#include "conv2d_input_lookup.hpp"
#include "float_patches.hpp"
#include "input_gradient.hpp"
#include "tables_or_bytes.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

inline i64 channel_blocks(const Call& call) { return divide_up(call.operands[DX].cols, unit_columns); }
inline i64 pixel_blocks(const Grid& grid) { return divide_up(grid.pixels(), unit_pixels); }

// Blocks are equally large, but whole steps of a micro-kernel.
inline i64 first_pixel(const Grid& grid, i64 block, i64 blocks) {
    constexpr i64 step = 4;
    return least(grid.pixels(), divide_up(grid.pixels(), step) * block / blocks * step);
}

inline bool of_integers(const Call& call) { return is_integer(call.operands[DY].format); }

template <class L = Lookups>
inline bool by_lookups(const Call& call) {
    if constexpr (L::usable) {
        if (!of_integers(call) || !Blocks(call).usable()) return false;
        if (call.operands[DY].format == Format::i4) return tables_are_faster<4>();
        return call.operands[DX].cols >= L::least_inputs && tables_are_faster<8>();
    } else {
        return false;
    }
}

inline i64 units_of_patches(const Call& call) {
    i64 blocks = 0;
    each_grid(call, of_integers(call), [&](const Grid& grid) { blocks += pixel_blocks(grid); });
    return blocks * channel_blocks(call);
}

inline i64 units(const Call& call) {
    if (by_bands(call)) return band_units(call);
    return by_lookups(call) ? Blocks(call).count() : units_of_patches(call);
}

inline void pack_floats(const Operand& weights, WeightRows rows, i64 channel, i64 count, FloatPanel& panel) {
    const i64 n = least(float_columns, weights.cols - channel);
    for (i64 k = 0; k < count; ++k) {
        const i64 at = rows.next();
        if (weights.format == Format::bit) {
            expand_signs(bit_row(weights, at)[channel / segment], panel[k]);
            continue;
        }
        if (n < float_columns) std::memset(panel[k], 0, sizeof panel[k]);
        load_floats(weights, at, channel, n, panel[k]);
    }
}

inline Seen store_bytes(const ByteTiles& tiles, int shift, const Place* places, i64 pixels, const Operand& dx,
                        i64 first, i64 columns) {
    Seen seen;
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * tile_columns < columns; ++t) {
            const i64 from = t * tile_columns;
            store_sums(dx, places[m].pixel, first + from, tiles[t][m], least(tile_columns, columns - from), shift,
                       seen);
        }
    }
    return seen;
}

template <class D = FarDots>
[[gnu::noinline]] inline void run_bytes(const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first,
                                        i64 columns, Workspace space) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    const i64 outputs = dy.cols;
    auto& tiles = space.take<ByteTiles>();
    const auto by_patches = [&] {
        const i64 taps = weights.rows / outputs;
        auto& panels = space.take<BytePanels>();
        panels.first = none;
        const auto pack = [&](i64 t, i64 k, i64 count, Panel& panel) {
            pack_bits(weights, WeightRows(grid, outputs, taps, k), first / segment + t, count, panel);
        };
        multiply_bytes<Signed::rows, Range::bits>(grid, places, pixels, dy, columns, space, pack, panels, tiles);
    };
    if constexpr (D::usable) {
        by_far_tiles(grid, outputs) ? multiply_far<D>(grid, places, pixels, dy, weights, first, columns, space, tiles)
                                    : by_patches();
    } else {
        by_patches();
    }
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    store_bytes(tiles, shift, places, pixels, dx, first, columns).note(call.operands[SCALE]);
}

// Pixels that no tap sees, as windows smaller than the stride leave them.
template <class T>
inline void clear_pixels(const Place* places, i64 pixels, const Operand& dx, i64 first, i64 columns) {
    for (i64 m = 0; m < pixels; ++m) {
        T* to = row<T>(dx, places[m].pixel) + first;
        i64 c = 0;
        for (; c + few_columns <= columns; c += few_columns) std::memset(to + c, 0, few_columns * sizeof *to);
        for (; c < columns; ++c) to[c] = 0;
    }
}

[[gnu::noinline]] inline void run_floats(const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first,
                                         i64 columns, Workspace space) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    const i64 outputs = dy.cols, taps = weights.rows / outputs;
    if (grid.taps() == 0) {
        dx.format == Format::f16 ? clear_pixels<u16>(places, pixels, dx, first, columns)
                                 : clear_pixels<float>(places, pixels, dx, first, columns);
        return;
    }
    auto& tiles = space.take<FloatTiles>();
    const auto pack = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        pack_floats(weights, WeightRows(grid, outputs, taps, k), first + t * float_columns, count, panel);
    };
    multiply_floats(grid, places, pixels, dy, columns, call.attributes[EXACT] != 0.0, space, pack, tiles,
                    [&](i64 base, i64 rows) { store_tiles(tiles, places + base, rows, dx, first, columns); });
}

// visit(grid, places, how many, first channel, how many, workspace) for units [begin, end).
template <class Visit>
inline void each_block(const Call& call, i64 begin, i64 end, const Visit& visit) {
    const Operand& dx = call.operands[DX];
    const bool bytes = of_integers(call);
    const i64 beside = channel_blocks(call);
    Workspace space(call);
    auto& places = space.take<Place[unit_pixels]>();
    i64 passed = 0;
    each_grid(call, bytes, [&](const Grid& grid) {
        const i64 blocks = pixel_blocks(grid), before = passed;
        passed += blocks * beside;
        for (i64 unit = most(begin, before); unit < least(end, passed); ++unit) {
            const i64 block = (unit - before) / beside, first = (unit - before) % beside * unit_columns;
            const i64 from = first_pixel(grid, block, blocks), pixels = first_pixel(grid, block + 1, blocks) - from;
            const i64 columns = least(unit_columns, dx.cols - first);
            locate(grid, from, pixels, places);
            visit(grid, places, pixels, first, columns, space);
        }
    });
}

inline void run_patches(const Call& call, i64 begin, i64 end) {
    const bool bytes = of_integers(call);
    each_block(call, begin, end,
               [&](auto&&... block) { bytes ? run_bytes(call, block...) : run_floats(call, block...); });
}

template <class L>
inline void run_tables(const Call& call, i64 begin, i64 end) {
    if constexpr (L::usable) {
        run_lookups<L>(call, begin, end);
    } else {
        run_patches(call, begin, end);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    if (by_bands(call)) return run_bands(call, begin, end);
    by_lookups(call) ? run_tables<Lookups>(call, begin, end) : run_patches(call, begin, end);
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
