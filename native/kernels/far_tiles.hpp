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

// Rows that share what is loaded of V vectors of columns.
template <class D, int V>
inline constexpr int rows_of = V <= 2 ? D::most_rows : D::most_rows / 2;

// About equally many rows at a time.
template <class D, int V>
[[gnu::noinline]] void equal_rows(i64 count, const u8* const* rows, const Groups& groups, i32 (*tile)[tile_columns]) {
    constexpr int most = rows_of<D, V>;
    const i64 times = divide_up(count, most);
    for (i64 i = 0, m = 0; i < times; ++i) {
        const i64 end = (i + 1) * count / times;
        some_rows<D, most, V>(end - m, rows + m, groups, tile + m);
        m = end;
    }
}

// The same of so many columns.
template <class D>
inline i64 rows_at_once(i64 columns) {
    return columns <= 32 ? rows_of<D, 2> : rows_of<D, 4>;
}

// `count` rows, of bytes without signs, gain groups, of which `columns` are wanted.
template <class D>
inline void add_rows(i64 count, const u8* const* rows, const Groups& groups, i64 columns, i32 (*tile)[tile_columns]) {
    if (columns <= 16) return equal_rows<D, 1>(count, rows, groups, tile);
    if (columns <= 32) return equal_rows<D, 2>(count, rows, groups, tile);
    equal_rows<D, 4>(count, rows, groups, tile);
}

}  // namespace linocut::LINOCUT_NS::far_tiles
