// The tiles of dot8.hpp where rows are contiguous bytes: of any length, and with their zeros passed over where there
// may be many, as in images of digits.
#pragma once

#include "dot8.hpp"

namespace linocut::LINOCUT_NS {

// Byte by byte the numbers of the bits that are 1 in each octet, the lowest first.
struct OnesOfOctets {
    u64 numbers[256];

    constexpr OnesOfOctets() : numbers() {
        for (int octet = 0; octet < 256; ++octet) {
            for (int i = 7; i >= 0; --i) {
                if (octet >> i & 1) numbers[octet] = numbers[octet] << 8 | static_cast<u64>(i);
            }
        }
    }
};
inline constexpr OnesOfOctets ones_of_octets;

using GroupList = u8[chunk_groups + 8];

// The groups of contiguous rows in which one of them has anything but 0.
inline i64 list_groups(ByteRows rows, i64 count, i64 groups, GroupList& list) {
    i64 found = 0;
    for (i64 g = 0; g < groups; g += 8) {
        u32 used = 0;
        if (g + 8 <= groups) {
            used = used_of_eight(rows, count, g);
        } else {
            for (i64 i = 0; i < groups - g; ++i) used |= is_used(rows, count, g + i) << i;
        }
        const u64 numbers = ones_of_octets.numbers[used] + 0x0101010101010101u * static_cast<u64>(g);
        std::memcpy(list + found, &numbers, sizeof numbers);
        found += __builtin_popcount(used);
    }
    return found;
}

// dot_tile of contiguous rows, but groups that are 0 in every row of a block are passed over.
template <Signed S, Range W, class Into>
inline void dot_tile_sparse(i64 count, ByteRows rows, const Panel& panel, i64 groups, Into into,
                            i32 (*tile)[tile_columns]) {
    GroupList list;
    for (i64 m = 0; m < count; m += sparse_rows) {
        const i64 left = least<i64>(sparse_rows, count - m), found = list_groups(rows.from(m), left, groups, list);
        i64 i = 0;
        do {
            const ListedGroups part{least(groups_at_once<W>, found - i), list + i};
            dot_rest<sparse_rows, S, W>(left, rows.from(m), panel, part, tile_columns,
                                        i == 0 ? into.from(m) : into.later(), tile + m);
        } while ((i += groups_at_once<W>) < found);
    }
}

// What becomes of factors that are 0.
enum class Zeros { multiplied, passed_over };

// The same where rows are contiguous bytes of any number `length`: the last group is copied, so that nothing is read
// past it.
template <Signed S, Range W, Zeros Z = Zeros::multiplied, class Into>
inline void dot_tile_contiguous(i64 count, const u8* data, i64 stride, i64 length, const Panel& panel, Into into,
                                Tile& tile) {
    const i64 whole = length / 4, rest = length % 4;
    if constexpr (Z == Zeros::passed_over) {
        dot_tile_sparse<S, W>(count, {data, stride, 4}, panel, whole, into, tile);
    } else {
        dot_tile<S, W>(count, {data, stride, 4}, panel, whole, into, tile);
    }
    if (rest == 0) return;
    u8 tails[tile_rows][4] = {};
    for (i64 m = 0; m < count; ++m)
        std::memcpy(tails[m], data + m * stride + 4 * whole, static_cast<std::size_t>(rest));
    dot_tile<S, W>(count, {tails[0], 4, 4}, panel + whole, 1, into.later(), tile);
}

}  // namespace linocut::LINOCUT_NS
