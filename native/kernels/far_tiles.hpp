// Tiles of products of bytes whose rows need not be gathered: each row says where it begins, and all have their groups
// at the same places from there. Only where a set has a way of its own for that (FarDots, simd/dot/avx512.hpp).
#pragma once

#include "dot8.hpp"

namespace linocut::LINOCUT_NS::far_tiles {

// What is summed; see FarDots.
struct Groups {
    const i32* places;
    const u8 (*panel)[tile_columns][4];
    i64 count;
    const i32* start;
    bool fresh;
};

template <class D, int M, int V>
inline void some_rows(i64 count, const u8* const* rows, const Groups& g, i32 (*tile)[tile_columns]) {
    if constexpr (M > 0) {
        if (count < M) return some_rows<D, M - 1, V>(count, rows, g, tile);
        D::template add<M, V>(rows, g.places, g.panel, g.count, g.start, g.fresh, tile);
    }
}

// About equally many rows at a time.
template <class D, int most, int V>
[[gnu::noinline]] void equal_rows(i64 count, const u8* const* rows, const Groups& groups, i32 (*tile)[tile_columns]) {
    const i64 times = divide_up(count, most);
    for (i64 i = 0, m = 0; i < times; ++i) {
        const i64 end = (i + 1) * count / times;
        some_rows<D, most, V>(end - m, rows + m, groups, tile + m);
        m = end;
    }
}

// Rows that share what is loaded of `columns` of a panel.
template <class D>
inline i64 rows_at_once(i64 columns) {
    return columns <= 32 ? D::most_rows : D::most_rows / 2;
}

// `count` rows, of bytes without signs, gain groups, of which `columns` are wanted.
template <class D>
inline void add_rows(i64 count, const u8* const* rows, const Groups& groups, i64 columns, i32 (*tile)[tile_columns]) {
    if (columns <= 16) return equal_rows<D, D::most_rows, 1>(count, rows, groups, tile);
    if (columns <= 32) return equal_rows<D, D::most_rows, 2>(count, rows, groups, tile);
    equal_rows<D, D::most_rows / 2, 4>(count, rows, groups, tile);
}

}  // namespace linocut::LINOCUT_NS::far_tiles
