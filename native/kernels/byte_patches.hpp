// Sums of products of bytes over patches: those of dot8.hpp for a unit of a grid.
//
//   tiles[c / 64][m][c % 64] = sum over k of patches(m, k) * weights(k, c), where weights are bits, which stand for
//   signs;
//                              else what is there gains the sum
#pragma once

#include "dot8_panels.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 byte_tiles = unit_columns / tile_columns;
inline constexpr i64 byte_chunk = 4 * chunk_groups;

using ByteTiles = i32[byte_tiles][unit_pixels][tile_columns];

// The panels of a unit; `first` is the element of the patches that they start at, none before they are packed.
struct BytePanels {
    alignas(64) Panel panels[byte_tiles];
    i64 first;
};

// pack(tile, first, count, panel) packs the weights of elements [first, first + count). Patches longer than a panel are
// taken in chunks; shorter ones leave the panels for the next call.
template <Signed S, Range W, class Pack>
inline void multiply_bytes(const Grid& grid, const Place* places, i64 pixels, const Operand& source, i64 columns,
                           Workspace space, const Pack& pack, BytePanels& packed, ByteTiles& tiles) {
    constexpr bool signs = W == Range::bits;
    auto& patches = space.take<u8[block_pixels][byte_chunk]>();
    const i64 total = grid.taps() * source.cols, tile_count = divide_up(columns, tile_columns);
    for (i64 first = 0; first < total; first += byte_chunk) {
        const i64 count = least(byte_chunk, total - first), groups = divide_up(count, 4);
        if (packed.first != first) {
            for (i64 t = 0; t < tile_count; ++t) pack(t, first, count, packed.panels[t]);
            packed.first = first;
        }
        for (i64 base = 0; base < pixels; base += block_pixels) {
            const i64 rows = least(block_pixels, pixels - base);
            const i64 padded = signs ? divide_up(count, segment) * segment : 4 * groups;
            const auto gather_from = [&](const auto& elements) {
                gather(grid, places + base, rows, elements, source.cols, {first, first + count}, padded, patches[0],
                       byte_chunk);
            };
            source.format == Format::i4 ? gather_from(Nibbles(source)) : gather_from(row<u8>(source, 0));
            const auto multiply = [&](auto into) {
                for (i64 t = 0; t < tile_count; ++t) {
                    dot_tile<S, W>(rows, {patches[0], byte_chunk, 4}, packed.panels[t], groups, into, tiles[t] + base,
                                   least(tile_columns, columns - t * tile_columns));
                }
            };
            if constexpr (signs) {
                i32 sums[block_pixels];
                for (i64 m = 0; m < rows; ++m) sums[m] = sum_bytes(patches[m], padded);
                multiply(OfSigns{first == 0, sums});
            } else {
                multiply(AsTheyAre{false});
            }
        }
    }
    if (total > 0 || !signs) return;
    for (i64 t = 0; t < tile_count; ++t) std::memset(tiles[t], 0, sizeof tiles[t]);
}

}  // namespace linocut::LINOCUT_NS
