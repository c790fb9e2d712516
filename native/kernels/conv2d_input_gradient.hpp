// conv2d_input_gradient: dX = sums over the taps, of dY times the weights.
// How:   an input is seen through those taps that are equal to its place modulo the stride: inputs are taken phase by phase,
//        and only through the taps of their phase. What those taps see of dY is gathered into rows (patches.hpp); then it is
//        the dense input_gradient. A unit is a block of channels at a block of the pixels of one phase.
// With weights as bits b: sum dy (2b - 1) = 2 sum dy b - sum dy.
#pragma once

#include "byte_patches.hpp"
#include "float_patches.hpp"
#include "input_gradient.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE };
enum { STRIDE, PAD_TOP, PAD_LEFT, EXACT };

// The units: phases, blocks of pixels (as many as the first phase has, which has most) and blocks of channels.
struct Plan {
    Image dx;
    Window window;
    i64 row_phases, column_phases, pixel_blocks, channel_blocks;

    explicit Plan(const Call& call)
        : dx(call.operands[DX]), window(conv_window(call.operands[WEIGHTS], call.attributes)),
          row_phases(least(window.stride, dx.height)), column_phases(least(window.stride, dx.width)),
          pixel_blocks(divide_up(
              dx.batch * divide_up(dx.height, window.stride) * divide_up(dx.width, window.stride), unit_pixels)),
          channel_blocks(divide_up(dx.channels, unit_columns)) {}

    i64 units() const { return row_phases * column_phases * pixel_blocks * channel_blocks; }
};

inline i64 units(const Call& call) { return Plan(call).units(); }

inline Grid grid_of(const Plan& plan, const Image& dy, i64 phase) {
    const i64 row = phase / plan.column_phases, column = phase % plan.column_phases;
    const Window& w = plan.window;
    return {backward_axis(plan.dx.height, dy.height, w.height, w.stride, w.pad_top, row),
            backward_axis(plan.dx.width, dy.width, w.width, w.stride, w.pad_left, column),
            plan.dx.batch, plan.dx.height, plan.dx.width, w.width};
}

// Walks the rows of weights (outputs, taps) in the order of patches: (taps of the grid, outputs).
struct WeightRows {
    const Grid& grid;
    i64 outputs, taps, tap, output, window_tap;

    WeightRows(const Grid& of, i64 outputs_of, i64 taps_of, i64 first)
        : grid(of), outputs(outputs_of), taps(taps_of), tap(first / outputs_of), output(first % outputs_of),
          window_tap(of.window_tap(tap)) {}

    i64 next() {
        const i64 at = output * taps + window_tap;
        if (++output == outputs) {
            output = 0;
            window_tap = grid.window_tap(++tap);
        }
        return at;
    }
};

inline void pack_bits(const Operand& weights, WeightRows rows, i64 word, i64 count, Panel& panel) {
    for (i64 g = 0; 4 * g < count; ++g) {
        u64 four[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) four[i] = bit_row(weights, rows.next())[word];
        interleave_bits(four, panel[g][0]);
    }
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

inline Seen store_bytes(
    const ByteTiles& tiles, const i32* sums, int shift, const Place* places, i64 pixels, const Operand& dx, i64 first,
    i64 columns) {
    Seen seen;
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * tile_columns < columns; ++t) {
            i32 totals[tile_columns];
            for (i64 c = 0; c < tile_columns; ++c) totals[c] = 2 * tiles[t][m][c] - sums[m];
            const i64 from = t * tile_columns;
            store_sums(dx, places[m].pixel, first + from, totals, least(tile_columns, columns - from), shift, seen);
        }
    }
    return seen;
}

[[gnu::noinline]] inline void run_bytes(
    const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first, i64 columns) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    const i64 outputs = dy.cols, taps = weights.rows / outputs;
    BytePanels panels;
    alignas(64) ByteTiles tiles;
    i32 sums[unit_pixels] = {};
    const auto pack = [&](i64 t, i64 k, i64 count, Panel& panel) {
        pack_bits(weights, WeightRows(grid, outputs, taps, k), first / segment + t, count, panel);
    };
    multiply_bytes<Signed::rows, Range::bits>(grid, places, pixels, dy, columns, pack, panels, true, tiles, sums);
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    store_bytes(tiles, sums, shift, places, pixels, dx, first, columns).note(call.operands[SCALE]);
}

[[gnu::noinline]] inline void run_floats(
    const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first, i64 columns) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    const i64 outputs = dy.cols, taps = weights.rows / outputs;
    alignas(64) FloatTiles tiles;
    const auto pack = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        pack_floats(weights, WeightRows(grid, outputs, taps, k), first + t * float_columns, count, panel);
    };
    multiply_floats(grid, places, pixels, dy, columns, call.attributes[EXACT] != 0.0, pack, tiles);
    store_tiles(tiles, places, pixels, dx, first, columns);
}

// The kinds are functions of their own: together their tiles would be too much for a thread's stack.
inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& dx = call.operands[DX];
    const bool bytes = call.operands[DY].format == Format::i8;
    const Plan plan(call);
    Place places[unit_pixels];
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 block = unit / plan.channel_blocks, phase = block / plan.pixel_blocks;
        const Grid grid = grid_of(plan, Image(call.operands[DY]), phase);
        const i64 from = block % plan.pixel_blocks * unit_pixels, pixels = least(unit_pixels, grid.pixels() - from);
        if (pixels <= 0) continue;
        const i64 first = unit % plan.channel_blocks * unit_columns, columns = least(unit_columns, dx.cols - first);
        locate(grid, from, pixels, places);
        if (bytes) {
            run_bytes(call, grid, places, pixels, first, columns);
        } else {
            run_floats(call, grid, places, pixels, first, columns);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
