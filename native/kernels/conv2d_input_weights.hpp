// The signs of weights as conv2d_input_gradient multiplies them: (taps of a grid, outputs), four rows a group.
#pragma once

#include "dot8.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

// Walks the rows of weights (outputs, taps) in the order of patches: (taps of the grid, outputs).
struct WeightRows {
    const Grid& grid;
    i64 outputs, taps, tap, output, window_tap;

    WeightRows(const Grid& of, i64 outputs_of, i64 taps_of, i64 first)
        : grid(of),
          outputs(outputs_of),
          taps(taps_of),
          tap(first / outputs_of),
          output(first % outputs_of),
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

// `count` rows of bits of one word of inputs, as 0 and 1.
inline void pack_bits(const Operand& weights, WeightRows rows, i64 word, i64 count, u8 (*panel)[tile_columns][4]) {
    for (i64 g = 0; 4 * g < count; ++g) {
        u64 four[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) four[i] = bit_row(weights, rows.next())[word];
        interleave_bits(four, panel[g][0]);
    }
}

// The same as +-1, of whole groups; start[c] is what their products with rows that are `bias` too large are too much,
// taken off.
inline void pack_signs(const Operand& weights, const WeightRows& rows, i64 word, i64 count,
                       u8 (*panel)[tile_columns][4], i32* start) {
    pack_bits(weights, rows, word, count, panel);
    for (i64 g = 0; 4 * g < count; ++g) {
        u8* bytes = panel[g][0];
        for (i64 i = 0; i < 4 * tile_columns; ++i) bytes[i] = static_cast<u8>(2 * bytes[i] - 1);
    }
    i32 sums[tile_columns] = {};
    sum_columns(panel[0][0], count / 4, sizeof panel[0], sums);
    for (i64 c = 0; c < tile_columns; ++c) start[c] = -i32{bias} * sums[c];
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
