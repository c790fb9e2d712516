// conv2d: y = sums over the taps of a window, of inputs times weights; padding adds 0.
// In:    images of pixels, weights (outputs, taps, inputs). Bits times bits (conv2d_bits.hpp), bytes u (that count 2u -
//        255) or floats times bits, floats times floats.
// How:   the windows of a block of pixels are gathered into rows, so that each kind is the product of matrices that it
//        is for dense layers; the weights of an output are one row already. A unit is a block of outputs at a block of
//        pixels. Padding is gathered as zeros; as bits or bytes those stand for -1 or -255, which is taken off
//        (unseen_taps.hpp).
// Limit: that of the dense kernels, and the gathering: a copy of 9 inputs (at 3 x 3) for each 128 outputs.
#pragma once

#include "byte_patches.hpp"
#include "conv2d_bits.hpp"
#include "float_patches.hpp"
#include "real_matmul.hpp"

namespace linocut::LINOCUT_NS::conv2d {

// Panels of few inputs are packed for more pixels.
inline i64 pixels_per_unit(const Operand& x) { return (x.format == Format::u8 ? 4 : 1) * unit_pixels; }

inline i64 units(const Call& call) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    return divide_up(y.cols, unit_columns) * divide_up(y.rows, pixels_per_unit(x));
}

// --- bytes ---

// Elements [first, first + count) of an output's rows, which are those of its taps, as bits that follow each other.
inline void join_rows(const Operand& weights, i64 first_row, i64 first, i64 count, u64* joined) {
    const u64* bits = bit_row(weights, first_row + first / weights.cols);
    i64 input = first % weights.cols;
    std::memset(joined, 0, static_cast<std::size_t>(words(count)) * sizeof *joined);
    for (i64 k = 0, n; k < count; k += n) {
        n = least(least(weights.cols - input, segment - input % segment), least(count - k, segment - k % segment));
        const u64 found = (bits[input / segment] >> (input % segment)) & (~u64{0} >> (segment - n));
        joined[k / segment] |= found << (k % segment);
        input += n;
        if (input < weights.cols) continue;
        input = 0;
        bits += words(weights.cols);
    }
}

// Panel of -2 and +2 (0 past the last element), so that a byte u counts 2u, from elements [first, first + count) of the
// rows of 64 outputs.
inline void pack_double_signs(const Operand& weights, i64 taps, i64 first_output, i64 first, i64 count, Panel& panel) {
    const i64 outputs = least(tile_columns, weights.rows / taps - first_output), whole = count / 4;
    std::memset(panel, 0, static_cast<std::size_t>(divide_up(count, 4)) * sizeof panel[0]);
    for (i64 c = 0; c < outputs; ++c) {
        u64 joined[byte_chunk / segment];
        join_rows(weights, (first_output + c) * taps, first, count, joined);
        const auto twice = [&](i64 g) {
            const u64 nibble = (joined[g / 16] >> (4 * (g % 16))) & 15;
            return (load_four(real_matmul::sign_quads.bytes[nibble]) << 1) & 0xFEFEFEFEu;
        };
        for (i64 g = 0; g < divide_up(count, 4); ++g) {
            const u32 four = twice(g);
            std::memcpy(panel[g][c], &four, g < whole ? 4 : static_cast<std::size_t>(count % 4));
        }
    }
}

// store(pixel, first, n, exact) has sums of 64 outputs, of which n count; the others are 0.
template <class Store>
[[gnu::noinline]] inline void run_bytes(const Operand& x, const Operand& weights, const Grid& grid, Place* places,
                                        Span pixels, i64 first, i64 columns, Workspace space, const Store& store) {
    constexpr i32 scale = 255;
    const i64 taps = grid.taps();
    auto& panels = space.take<BytePanels>();
    auto& tiles = space.take<ByteTiles>();
    Unseen unseen(weights, grid, first, columns, space);
    panels.first = none;
    i32 base[unit_columns] = {};
    for (i64 c = 0; c < columns; ++c) base[c] = -scale * sum_of_signs(weights, (first + c) * taps, taps);
    const auto pack = [&](i64 t, i64 k, i64 count, Panel& panel) {
        pack_double_signs(weights, taps, first + t * tile_columns, k, count, panel);
    };
    const i64 at_once = pixels_at_once(taps * x.cols > byte_chunk);
    for (i64 from = pixels.begin; from < pixels.end; from += at_once) {
        const i64 count = least(at_once, pixels.end - from);
        locate(grid, from, count, places);
        start_tiles<tile_columns>(grid, places, count, columns, base, scale, unseen, tiles);
        multiply_bytes<Signed::panel, Range::doubled>(grid, places, count, x, columns, space, pack, panels, tiles);
        for (i64 m = 0; m < count; ++m) {
            for (i64 c = 0; c < columns; c += tile_columns) {
                store(places[m].pixel, first + c, least(tile_columns, columns - c), tiles[c / tile_columns][m]);
            }
        }
    }
}

// --- floats ---

inline void pack_signs(const Operand& weights, i64 taps, i64 first_output, i64 first, i64 count, FloatPanel& panel) {
    const i64 outputs = least(float_columns, weights.rows / taps - first_output);
    std::memset(panel, 0, static_cast<std::size_t>(count) * sizeof panel[0]);
    for (i64 c = 0; c < outputs; ++c) {
        i64 tap = first / weights.cols, input = first % weights.cols;
        const u64* bits = bit_row(weights, (first_output + c) * taps + tap);
        for (i64 k = 0; k < count; ++k) {
            panel[k][c] = (bits[input / segment] >> (input % segment)) & 1 ? 1.0f : -1.0f;
            if (++input < weights.cols) continue;
            input = 0;
            bits += words(weights.cols);
        }
    }
}

// Elements [first, first + count) of the rows of 64 outputs, transposed.
inline void pack_floats(const Operand& flat, i64 first_output, i64 first, i64 count, FloatPanel& panel) {
    const i64 outputs = least(float_columns, flat.rows - first_output), whole = count / 4 * 4;
    const float zeros[float_chunk] = {};
    float converted[transposed_rows][float_chunk];
    for (i64 c = 0; c < columns_read(outputs); c += transposed_rows) {
        const float* rows[transposed_rows];
        for (i64 i = 0; i < transposed_rows; ++i) {
            if (c + i >= outputs) {
                rows[i] = zeros;
            } else if (flat.format == Format::f32) {
                rows[i] = row<float>(flat, first_output + c + i) + first;
            } else {
                from_halves(row<u16>(flat, first_output + c + i) + first, count, converted[i]);
                rows[i] = converted[i];
            }
        }
        for (i64 k = 0; k < whole; k += 4) transpose_rows(rows, k, panel + k, c);
        for (i64 k = whole; k < count; ++k) {
            for (i64 i = 0; i < transposed_rows; ++i) panel[k][c + i] = rows[i][k];
        }
    }
}

[[gnu::noinline]] inline void run_floats(const Call& call, const Grid& grid, Place* places, i64 from, i64 pixels,
                                         i64 first, i64 columns, Workspace space) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const i64 taps = grid.taps();
    const Operand flat = flattened(weights, taps);
    const auto pack = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        const i64 output = first + t * float_columns;
        if (weights.format == Format::bit) {
            pack_signs(weights, taps, output, k, count, panel);
        } else {
            pack_floats(flat, output, k, count, panel);
        }
    };
    auto& tiles = space.take<FloatTiles>();
    locate(grid, from, pixels, places);
    multiply_floats(grid, places, pixels, x, columns, call.attributes[EXACT] != 0.0, space, pack, tiles,
                    [&](i64 base, i64 rows) { store_tiles(tiles, places + base, rows, y, first, columns); });
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const Grid grid = forward_grid(x, conv_window(weights, call.attributes), y);
    const i64 blocks = divide_up(y.cols, unit_columns), per_unit = pixels_per_unit(x);
    const auto store = [&](i64 pixel, i64 from, i64 n, const i32* exact) {
        real_matmul::store_exact(y, pixel, from, n, exact);
    };
    Workspace space(call);
    if (x.format == Format::bit && blocks == 1 && stores_at_once(call, grid)) {
        store_bits_at_once(call, grid, {begin * per_unit, least(end * per_unit, y.rows)}, 0, y.cols, space);
        return;
    }
    auto& places = space.take<Place[unit_pixels]>();
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit % blocks * unit_columns, columns = least(unit_columns, y.cols - first);
        const i64 from = unit / blocks * per_unit, pixels = least(per_unit, y.rows - from);
        if (x.format == Format::bit && stores_at_once(call, grid)) {
            store_bits_at_once(call, grid, {from, from + pixels}, first, columns, space);
        } else if (x.format == Format::bit) {
            run_bits(call, grid, places, {from, from + pixels}, first, columns, space);
        } else if (x.format == Format::u8) {
            run_bytes(x, weights, grid, places, {from, from + pixels}, first, columns, space, store);
        } else {
            run_floats(call, grid, places, from, pixels, first, columns, space);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d
