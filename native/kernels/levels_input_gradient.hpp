// levels_input_gradient: dX = factor times the sums, over the taps, of dY times levels of weights
// (src/linocut/ops/levels_input_gradient.py).
// How:   conv2d_input_gradient by patches, whose panels have codes c of levels in place of bits: of integers as bytes
//        2c, so that sum dy (2c - n) = sum dy 2c - n sum dy, of floats as the levels themselves.
#pragma once

#include "conv2d_input_gradient.hpp"
#include "level_planes.hpp"

namespace linocut::LINOCUT_NS::levels_input_gradient {

enum { DY, DY_EXPONENT, WEIGHTS, DX = 6, DX_EXPONENT, SCALE };
enum { FACTOR = 4 };

namespace of_signs = conv2d_input_gradient;

// The call as that of conv2d_input_gradient, whose weights are the first plane.
struct OfSignsCall {
    Operand operands[6];
    Call call;

    explicit OfSignsCall(const Call& given)
        : operands{given.operands[DY], given.operands[DY_EXPONENT], given.operands[WEIGHTS],
                   given.operands[DX], given.operands[DX_EXPONENT], given.operands[SCALE]},
          call{operands, given.attributes, given.workspace, given.workspace_bytes} {}
    OfSignsCall(const OfSignsCall&) = delete;  // the call points to the operands
};

inline i64 units(const Call& call) {
    const OfSignsCall one(call);
    return of_signs::units_of_patches(one.call);
}

// Four rows of weights as bytes 2c.
inline void pack_codes(const level_planes::Planes& planes, of_signs::WeightRows rows, i64 word, i64 count,
                       Panel& panel) {
    for (i64 g = 0; 4 * g < count; ++g) {
        i64 at[4] = {};
        const i64 n = least<i64>(4, count - 4 * g);
        for (i64 i = 0; i < n; ++i) at[i] = rows.next();
        u8* out = panel[g][0];
        std::memset(out, 0, sizeof panel[g]);
        for (int plane = 0; plane < planes.count; ++plane) {
            u64 four[4] = {};
            for (i64 i = 0; i < n; ++i) four[i] = bit_row(planes.operands[plane], at[i])[word];
            alignas(64) u8 bits[4 * tile_columns];
            interleave_bits(four, bits);
            for (i64 b = 0; b < 4 * tile_columns; ++b) out[b] = static_cast<u8>(2 * (out[b] + bits[b]));
        }
    }
}

inline void pack_levels(const level_planes::Planes& planes, of_signs::WeightRows rows, i64 channel, i64 count,
                        FloatPanel& panel) {
    for (i64 k = 0; k < count; ++k) {
        const i64 at = rows.next();
        float signs[float_columns];
        std::memset(panel[k], 0, sizeof panel[k]);
        for (int plane = 0; plane < planes.count; ++plane) {
            expand_signs(bit_row(planes.operands[plane], at)[channel / segment], signs);
            for (i64 c = 0; c < float_columns; ++c) panel[k][c] = 2.0f * panel[k][c] + signs[c];
        }
    }
}

// tiles = sum dy 2c - n sum dy, over all taps of the grid.
template <class Pack>
inline void multiply_codes(const Grid& grid, const Place* places, i64 pixels, const Operand& dy, i64 columns,
                           i32 largest, Workspace space, const Pack& pack, BytePanels& packed, ByteTiles& tiles) {
    auto& patches = space.take<u8[block_pixels][byte_chunk]>();
    const i64 total = grid.taps() * dy.cols, tile_count = divide_up(columns, tile_columns);
    for (i64 t = 0; t < tile_count; ++t) std::memset(tiles[t], 0, sizeof tiles[t]);
    for (i64 first = 0; first < total; first += byte_chunk) {
        const i64 count = least(byte_chunk, total - first), padded = divide_up(count, segment) * segment;
        for (i64 t = 0; t < tile_count; ++t) pack(t, first, count, packed.panels[t]);
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 rows = least(block_pixels, pixels - base);
            const auto gather_from = [&](const auto& elements) {
                gather(grid, places + base, rows, elements, dy.cols, {first, first + count}, padded, patches[0],
                       byte_chunk);
            };
            dy.format == Format::i4 ? gather_from(Nibbles(dy)) : gather_from(row<u8>(dy, 0));
            for (i64 t = 0; t < tile_count; ++t) {
                i32(*tile)[tile_columns] = tiles[t] + base;
                for (i64 m = 0; m < rows; ++m) {
                    const i32 less = largest * sum_bytes(patches[m], padded);
                    for (i64 c = 0; c < tile_columns; ++c) tile[m][c] -= less;
                }
                dot_tile<Signed::rows, Range::wide>(rows, {patches[0], byte_chunk, 4}, packed.panels[t],
                                                    divide_up(count, 4), AsTheyAre{false}, tile,
                                                    least(tile_columns, columns - t * tile_columns));
            }
        }
    }
}

template <class Tiles, class T>
inline void multiply_by(T factor, i64 pixels, i64 columns, Tiles& tiles) {
    for (i64 t = 0; t * segment < columns; ++t) {
        for (i64 m = 0; m < pixels; ++m) {
            for (i64 c = 0; c < segment; ++c) tiles[t][m][c] *= factor;
        }
    }
}

[[gnu::noinline]] inline void run_bytes(const Call& call, const Call& one, const Grid& grid, const Place* places,
                                        i64 pixels, i64 first, i64 columns, Workspace space) {
    const Operand &dy = one.operands[of_signs::DY], &weights = one.operands[of_signs::WEIGHTS];
    const level_planes::Planes planes(call, WEIGHTS);
    const i64 outputs = dy.cols, taps = weights.rows / outputs;
    auto& panels = space.take<BytePanels>();
    auto& tiles = space.take<ByteTiles>();
    const auto pack = [&](i64 t, i64 k, i64 count, Panel& panel) {
        pack_codes(planes, of_signs::WeightRows(grid, outputs, taps, k), first / segment + t, count, panel);
    };
    const i32 largest = static_cast<i32>(level_planes::largest(planes.count));
    multiply_codes(grid, places, pixels, dy, columns, largest, space, pack, panels, tiles);
    multiply_by(static_cast<i32>(call.attributes[FACTOR]), pixels, columns, tiles);
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    of_signs::store_bytes(tiles, shift, places, pixels, call.operands[DX], first, columns).note(call.operands[SCALE]);
}

[[gnu::noinline]] inline void run_floats(const Call& call, const Call& one, const Grid& grid, const Place* places,
                                         i64 pixels, i64 first, i64 columns, Workspace space) {
    const Operand &dy = one.operands[of_signs::DY], &weights = one.operands[of_signs::WEIGHTS];
    const level_planes::Planes planes(call, WEIGHTS);
    const i64 outputs = dy.cols, taps = weights.rows / outputs;
    auto& tiles = space.take<FloatTiles>();
    const auto pack = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        pack_levels(planes, of_signs::WeightRows(grid, outputs, taps, k), first + t * float_columns, count, panel);
    };
    const bool exact = call.attributes[of_signs::EXACT] != 0.0;
    multiply_floats(grid, places, pixels, dy, columns, exact, space, pack, tiles, [&](i64 base, i64 rows) {
        multiply_by(static_cast<float>(call.attributes[FACTOR]), rows, columns, tiles);
        store_tiles(tiles, places + base, rows, call.operands[DX], first, columns);
    });
}

inline void run(const Call& call, i64 begin, i64 end) {
    const OfSignsCall one(call);
    const bool bytes = of_signs::of_integers(one.call);
    of_signs::each_block(one.call, begin, end, [&](auto&&... block) {
        bytes ? run_bytes(call, one.call, block...) : run_floats(call, one.call, block...);
    });
}

}  // namespace linocut::LINOCUT_NS::levels_input_gradient
