// Tiles of products of bytes, one by one.
#pragma once

#include "tiles.hpp"
#include "used_portable.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr bool biased_rows = false;
struct FarDots {
    static constexpr bool usable = false;
};

inline constexpr int dot_rows = 1, sparse_rows = dot_rows;

template <i64 columns, Signed S, class Groups, class Into>
inline void dot_columns(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                        i32 (*tile)[tile_columns]) {
    u32 sums[columns] = {};  // unsigned: twice a sum may not fit
    for (i64 k = 0; k < groups.count; ++k) {
        const i64 g = groups[k];
        const u8* four = rows.data + g * rows.group_stride;
        for (i64 c = 0; c < columns; ++c) {
            for (int i = 0; i < 4; ++i) {
                const i32 product = S == Signed::rows ? i32(panel[g][c][i]) * static_cast<i8>(four[i])
                                                      : static_cast<i8>(panel[g][c][i]) * i32(four[i]);
                sums[c] += static_cast<u32>(product);
            }
        }
    }
    for (i64 c = 0; c < columns; ++c) {
        u32 sum = sums[c];
        if constexpr (Into::of_signs) sum = 2 * sum + static_cast<u32>(into.start(0));
        tile[0][c] = static_cast<i32>(sum + (into.fresh ? 0u : static_cast<u32>(tile[0][c])));
    }
}

template <int M, Signed S, Range, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 columns, Into into,
                      i32 (*tile)[tile_columns]) {
    static_assert(M == 1);
    columns <= 16 ? dot_columns<16, S>(rows, panel, groups, into, tile)
                  : dot_columns<tile_columns, S>(rows, panel, groups, into, tile);
}

}  // namespace linocut::LINOCUT_NS
