// conv2d_input_gradient in integers without patches (far_tiles.hpp): pixels that see dY through the same taps have what
// they see at the same places from the first of it. A unit copies those rows of dY that its pixels see, once for all
// taps and inputs.
// How:   as conv2d_input_bands.hpp: a byte is dY + 128, a weight +-1, and 128 times the sum of a column's weights is
//        taken off.
#pragma once

#include "byte_patches.hpp"
#include "conv2d_input_gradient_grids.hpp"
#include "conv2d_input_weights.hpp"
#include "far_tiles.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

inline constexpr i64 source_bytes = 131072;  // of dY, copied at a time

// Bytes of a row of dY from the first column that the grid sees to the last.
inline i64 seen_row_bytes(const Grid& grid, i64 outputs) {
    return (grid.columns.count + grid.columns.taps - 1) * outputs;
}

inline bool by_far_tiles(const Grid& grid, i64 outputs) {
    return outputs % 4 == 0 && grid.taps() > 0 && grid.rows.taps * seen_row_bytes(grid, outputs) <= source_bytes;
}

// The rows of dY that some pixels see, copied one behind another.
class CopiedRows {
  public:
    CopiedRows(const Operand& dy, const Grid& grid, u8* bytes)
        : dy_(dy), source_(dy), grid_(grid), pitch_(seen_row_bytes(grid, dy.cols)), bytes_(bytes) {}

    i64 pitch() const { return pitch_; }

    // What the first of the places sees first, for as many as there is room for: that number.
    i64 copy(const Place* places, i64 count, const u8** first) {
        const i64 room = source_bytes / pitch_, taps = grid_.rows.taps;
        i64 example = none, row = 0, end = 0, slots = 0;  // rows [row, end) of an example, `end` at slot `slots`
        for (i64 m = 0; m < count; ++m) {
            const Place& place = places[m];
            if (place.example != example) {
                example = place.example;
                end = place.row;
            }
            row = place.row;
            for (; end < row + taps; ++end, ++slots) {
                if (slots == room) return m;
                copy_biased(dy_, source_.pixel(example, end, grid_.columns.origin), pitch_, bytes_ + slots * pitch_);
            }
            first[m] = bytes_ + (slots - (end - row)) * pitch_ + (place.column - grid_.columns.origin) * dy_.cols;
        }
        return count;
    }

  private:
    const Operand& dy_;
    const Image source_;
    const Grid& grid_;
    const i64 pitch_;
    u8* bytes_;
};

// As multiply_bytes (byte_patches.hpp), of weights in bits.
template <class D>
inline void multiply_far(const Grid& grid, const Place* places, i64 pixels, const Operand& dy, const Operand& weights,
                         i64 first, i64 columns, Workspace space, ByteTiles& tiles) {
    auto& panel = space.take<Panel>();
    auto& rows = space.take<const u8* [unit_pixels]>();
    CopiedRows source(dy, grid, space.several<u8>(source_bytes));
    const i64 outputs = dy.cols, groups = grid.taps() * outputs / 4, taps = weights.rows / outputs;
    for (i64 m = 0, n; m < pixels; m += n) {
        n = source.copy(places + m, pixels - m, rows);
        for (i64 g = 0; g < groups; g += chunk_groups) {
            const i64 count = least(chunk_groups, groups - g);
            i32 at[chunk_groups];
            place_groups(grid, outputs, source.pitch(), g, count, at);
            for (i64 c = 0; c < columns; c += tile_columns) {
                alignas(64) i32 start[tile_columns];
                pack_signs(weights, WeightRows(grid, outputs, taps, 4 * g), (first + c) / segment, 4 * count, panel,
                           start);
                far_tiles::add_rows<D>(n, rows, {at, panel, count, start, g == 0}, columns - c,
                                       tiles[c / tile_columns] + m);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
