// Sums of products of bytes, u8 x i8 into 32 bits, in tiles:
//
//   tile[m][c] = (fresh ? 0 : tile[m][c]) + sum over r of rows(m, r) * panel(r, c)
//
// The summed index r goes in groups of four, as the dot-product instructions take it:
//   panel: bytes [group][column 0..63][4]; groups past the end are padded with zeros.
//   rows:  four bytes of row m and group g at data + m * row_stride + g * group_stride.
// One of the two factors is unsigned. `Signed::rows` means that the rows are i8 and the panel is u8. `Range` says how
// large a product is at most.
//
// A set defines `dot_block<M>(rows, panel, groups, columns, into, tile)` for M rows, up to `dot_rows` of them, and the
// first `columns` at least; how many of them
// share a list of groups that are not all 0 (`sparse_rows`: the fewer, the more is passed over); and
//   biased_rows: whether unsigned rows times signs, with what that is too much taken off, are no slower than signed
//   rows times bits;
//   FarDots, where it has a way of its own to sum over groups that lie anywhere (dot/avx512.hpp);
//   u32 used_of_eight(rows, count, group): bit i is 1 where one of `count` contiguous rows has anything but 0 in group
//   group + i, of eight.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 tile_columns = segment;
inline constexpr i64 tile_rows = 128;
inline constexpr i64 chunk_groups = 128;  // a panel of 32 KiB

enum class Signed { rows, panel };
// Bits: the unsigned factor is 0 or 1. Signs: the signed one is at most 1 in size. Doubled: at most 2. Wide: none of
// these.
enum class Range { bits, signs, doubled, wide };

// How many groups a block takes at most: as many as its sums hold.
template <Range>
inline constexpr i64 groups_at_once = chunk_groups;

using Tile = i32[tile_rows][tile_columns];
using Panel = u8[chunk_groups][tile_columns][4];

struct ByteRows {
    const u8* data;
    i64 row_stride;
    i64 group_stride;

    ByteRows from(i64 m) const { return {data + m * row_stride, row_stride, group_stride}; }
};

// What is summed: the groups [0, count), or those of a list.
struct AllGroups {
    static constexpr bool listed = false;
    i64 count;
    i64 operator[](i64 i) const { return i; }
};
struct ListedGroups {
    static constexpr bool listed = true;
    i64 count;
    const u8* list;
    i64 operator[](i64 i) const { return list[i]; }
};

// What becomes of the sums of a row: they are added to what the tile has unless it is fresh.
struct AsTheyAre {
    static constexpr bool of_signs = false;
    bool fresh;

    AsTheyAre from(i64) const { return *this; }
    AsTheyAre later() const { return {false}; }  // for more groups of the same rows
};
// Bits b that stand for signs: sum r (2 b - 1) = 2 sum r b - sum r. `less` has the last of each row.
struct OfSigns {
    static constexpr bool of_signs = true;
    bool fresh;
    const i32* less;

    OfSigns from(i64 m) const { return {fresh, less ? less + m : nullptr}; }
    OfSigns later() const { return {false, nullptr}; }
    i32 start(i64 m) const { return less ? -less[m] : 0; }
};

inline u32 load_four(const u8* from) {
    u32 value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// Whether one of `count` rows has anything but 0 in a group.
inline u32 is_used(ByteRows rows, i64 count, i64 group) {
    u32 all = 0;
    for (i64 m = 0; m < count; ++m) all |= load_four(rows.from(m).data + 4 * group);
    return all != 0;
}

}  // namespace linocut::LINOCUT_NS
