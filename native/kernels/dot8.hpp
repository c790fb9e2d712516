// The arithmetic of the backward pass and of the first layer: sums of products of bytes in tiles of any number of rows,
// by the blocks of rows that the instruction set has (simd/dot/tiles.hpp).
#pragma once

#include "../simd/simd.hpp"

namespace linocut::LINOCUT_NS {

template <int M, Signed S, Range W, class Groups, class Into>
inline void dot_rest(i64 left, ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 columns, Into into,
                     i32 (*tile)[tile_columns]) {
    if constexpr (M > 0) {
        if (left == M) {
            dot_block<M, S, W>(rows, panel, groups, columns, into, tile);
        } else {
            dot_rest<M - 1, S, W>(left, rows, panel, groups, columns, into, tile);
        }
    }
}

// A function of its own: within a caller's loops GCC keeps the counters of the innermost in memory.
template <Signed S, Range W, class Into>
[[gnu::noinline]] void dot_blocks(i64 count, ByteRows rows, const u8 (*panel)[tile_columns][4], AllGroups groups,
                                  i64 columns, Into into, i32 (*tile)[tile_columns]) {
    i64 m = 0;
    for (; m + dot_rows <= count; m += dot_rows)
        dot_block<dot_rows, S, W>(rows.from(m), panel, groups, columns, into.from(m), tile + m);
    dot_rest<dot_rows - 1, S, W>(count - m, rows.from(m), panel, groups, columns, into.from(m), tile + m);
}

// `count` rows of the tile gain `groups` whole groups, of which `columns` are wanted; others may stay as they are.
template <Signed S, Range W, class Into>
inline void dot_tile(i64 count, ByteRows rows, const u8 (*panel)[tile_columns][4], i64 groups, Into into,
                     i32 (*tile)[tile_columns], i64 columns = tile_columns) {
    if constexpr (groups_at_once<W> == chunk_groups) {
        dot_blocks<S, W>(count, rows, panel, AllGroups{groups}, columns, into, tile);
    } else {
        i64 g = 0;
        do {
            const ByteRows from{rows.data + g * rows.group_stride, rows.row_stride, rows.group_stride};
            const AllGroups part{least(groups_at_once<W>, groups - g)};
            dot_blocks<S, W>(count, from, panel + g, part, columns, g == 0 ? into : into.later(), tile);
        } while ((g += groups_at_once<W>) < groups);
    }
}

}  // namespace linocut::LINOCUT_NS
