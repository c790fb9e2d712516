// pruned_input_gradient: conv2d_input_gradient of binary weights of which some are 0
// (src/linocut/ops/pruned_input_gradient.py).
//
// How:   what the taps see of dY is gathered into rows as there, in groups of four outputs of a tap. A panel holds
//        those groups of which a word of inputs keeps anything; of a pixel's row the same groups are taken out and
//        multiplied. A weight t of -1, 0 or 1 is the byte t + 1: sum dy t = sum dy (t + 1) - sum dy.
// Limit: that of the products of bytes, of the groups that are left.
#pragma once

#include "conv2d_input_gradient.hpp"

namespace linocut::LINOCUT_NS::pruned_input_gradient {

using conv2d_input_gradient::each_axis;
using conv2d_input_gradient::each_grid;
using conv2d_input_gradient::WeightRows;

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE, PRUNED };
enum { EXACT = 3 };

inline i64 channel_blocks(const Call& call) { return divide_up(call.operands[DX].cols, unit_columns); }
inline i64 pixel_blocks(const Grid& grid) { return divide_up(grid.pixels(), unit_pixels); }

inline i64 units(const Call& call) {
    i64 blocks = 0;
    each_grid(call, false, [&](const Grid& grid) { blocks += pixel_blocks(grid); });
    return blocks * channel_blocks(call);
}

// Of rows of patches the groups of four that a word of inputs keeps, and their weights.
struct KeptPanel {
    alignas(64) Panel weights;
    i64 groups[chunk_groups];
    i64 count;
};

// The rows of weights, and those of what is pruned, in the order of patches.
struct Rows {
    const Operand &weights, &pruned;
    WeightRows next;
    i64 taps, of_pruned;

    Rows(const Grid& grid, const Call& call, i64 first)
        : weights(call.operands[WEIGHTS]),
          pruned(call.operands[PRUNED]),
          next(grid, call.operands[DY].cols, weights.rows / call.operands[DY].cols, first),
          taps(next.taps),
          of_pruned(pruned.shape[0]) {}

    // Signs and kept lanes of word `word` of the next row.
    void take(i64 word, u64 lanes, u64& signs, u64& kept_lanes) {
        const i64 row = next.next();
        kept_lanes = ~bit_row(pruned, row / taps % of_pruned * taps + row % taps)[word] & lanes;
        signs = bit_row(weights, row)[word] & kept_lanes;
    }
};

// Bytes 1 + sign where kept, else 1.
inline void put_group(const u64* signs, const u64* kept_lanes, u8 (*out)[4]) {
    alignas(64) u8 positive[tile_columns][4], negative[tile_columns][4];
    u64 minus[4];
    for (i64 i = 0; i < 4; ++i) minus[i] = kept_lanes[i] & ~signs[i];
    interleave_bits(signs, positive[0]);
    interleave_bits(minus, negative[0]);
    for (i64 c = 0; c < tile_columns; ++c) {
        for (i64 i = 0; i < 4; ++i) out[c][i] = static_cast<u8>(1 + positive[c][i] - negative[c][i]);
    }
}

inline void pack(const Call& call, const Grid& grid, i64 word, i64 first, i64 count, KeptPanel& panel) {
    const u64 lanes = copy_channels::bits_within(word * segment, 0, call.operands[DX].cols);
    Rows rows(grid, call, first);
    panel.count = 0;
    for (i64 g = 0; 4 * g < count; ++g) {
        u64 signs[4] = {}, kept_lanes[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) rows.take(word, lanes, signs[i], kept_lanes[i]);
        if ((kept_lanes[0] | kept_lanes[1] | kept_lanes[2] | kept_lanes[3]) == 0) continue;
        put_group(signs, kept_lanes, panel.weights[panel.count]);
        panel.groups[panel.count++] = g;
    }
}

using KeptPatches = u8[block_pixels][byte_chunk];

// tile += products of a block of patches with what a panel keeps.
inline void multiply(const KeptPatches& patches, i64 rows, const KeptPanel& panel, i64 columns, KeptPatches& chosen,
                     i32 (*tile)[tile_columns]) {
    if (panel.count == 0) return;
    const i64 padded = divide_up(4 * panel.count, segment) * segment;
    for (i64 m = 0; m < rows; ++m) {
        for (i64 j = 0; j < panel.count; ++j) std::memcpy(chosen[m] + 4 * j, patches[m] + 4 * panel.groups[j], 4);
        std::memset(chosen[m] + 4 * panel.count, 0, static_cast<std::size_t>(padded - 4 * panel.count));
    }
    dot_tile<Signed::rows, Range::wide>(rows, {chosen[0], byte_chunk, 4}, panel.weights, panel.count, AsTheyAre{false},
                                        tile, columns);
    for (i64 m = 0; m < rows; ++m) {
        const i32 sum = sum_bytes(chosen[m], padded);
        for (i64 c = 0; c < tile_columns; ++c) tile[m][c] -= sum;
    }
}

[[gnu::noinline]] inline void run_bytes(const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first,
                                        i64 columns, Workspace space) {
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    auto& tiles = space.take<ByteTiles>();
    auto& panel = space.take<KeptPanel>();
    auto& patches = space.take<KeptPatches>();
    auto& chosen = space.take<KeptPatches>();
    const i64 total = grid.taps() * dy.cols, tile_count = divide_up(columns, tile_columns);
    for (i64 t = 0; t < tile_count; ++t) std::memset(tiles[t], 0, sizeof tiles[t]);
    for (i64 begin = 0; begin < total; begin += byte_chunk) {
        const i64 count = least(byte_chunk, total - begin), padded = divide_up(count, 4) * 4;
        for (i64 t = 0; t < tile_count; ++t) {
            pack(call, grid, first / segment + t, begin, count, panel);
            if (panel.count == 0) continue;
            for (i64 base = 0; base < pixels; base += block_pixels) {
                const i64 rows = least(block_pixels, pixels - base);
                const auto gather_from = [&](const auto& elements) {
                    gather(grid, places + base, rows, elements, dy.cols, {begin, begin + count}, padded, patches[0],
                           byte_chunk);
                };
                dy.format == Format::i4 ? gather_from(Nibbles(dy)) : gather_from(row<u8>(dy, 0));
                multiply(patches, rows, panel, least(tile_columns, columns - t * tile_columns), chosen,
                         tiles[t] + base);
            }
        }
    }
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    conv2d_input_gradient::store_bytes(tiles, shift, places, pixels, dx, first, columns).note(call.operands[SCALE]);
}

[[gnu::noinline]] inline void run_floats(const Call& call, const Grid& grid, const Place* places, i64 pixels, i64 first,
                                         i64 columns, Workspace space) {
    auto& tiles = space.take<FloatTiles>();
    const Operand& dx = call.operands[DX];
    const auto put = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        const i64 word = first / segment + t;
        const u64 lanes = copy_channels::bits_within(word * segment, 0, dx.cols);
        Rows rows(grid, call, k);
        for (i64 i = 0; i < count; ++i) {
            u64 signs, kept_lanes;
            rows.take(word, lanes, signs, kept_lanes);
            expand_signs(signs, panel[i]);
            keep_floats(kept_lanes, panel[i]);
        }
    };
    multiply_floats(grid, places, pixels, call.operands[DY], columns, call.attributes[EXACT] != 0.0, space, put, tiles,
                    [&](i64 base, i64 rows) { store_tiles(tiles, places + base, rows, dx, first, columns); });
}

// A unit is a block of channels at a block of pixels.
inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& dx = call.operands[DX];
    const i64 beside = channel_blocks(call);
    Workspace space(call);
    auto& places = space.take<Place[unit_pixels]>();
    i64 passed = 0;
    each_grid(call, false, [&](const Grid& grid) {
        const i64 before = passed;
        passed += pixel_blocks(grid) * beside;
        for (i64 unit = most(begin, before); unit < least(end, passed); ++unit) {
            const i64 from = (unit - before) / beside * unit_pixels, first = (unit - before) % beside * unit_columns;
            const i64 pixels = least(unit_pixels, grid.pixels() - from), columns = least(unit_columns, dx.cols - first);
            locate(grid, from, pixels, places);
            if (is_integer(call.operands[DY].format)) {
                run_bytes(call, grid, places, pixels, first, columns, space);
            } else {
                run_floats(call, grid, places, pixels, first, columns, space);
            }
        }
    });
}

}  // namespace linocut::LINOCUT_NS::pruned_input_gradient
