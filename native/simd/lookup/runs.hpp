// Sums of small signed digits times signs, looked up in tables. A table has, for every choice of signs of four digits,
// their sum; a byte of a panel, whose four lowest bits are signs, finds it. As
//
//   sum d (2 b - 1) = 2 sum (d where d and the sign b agree) - sum |d|
//
// a table has the sums of the sizes that agree, which are positive and at most half as far apart; bytes add a few of
// them, 16 bits many. Gradients of 8 bits are two digits, high * 16 + low with -8 <= low < 8 and -8 <= high <= 8, those
// of 4 bits one, their level.
//
// A set defines `Lookups`, whose `usable` says whether its vectors look bytes up; where they do, also how many rows it
// takes `rows_at_once`, from how many inputs on tables of gradients of 8 bits are faster than bytes, `least_inputs`,
// and
//
//   index(four, bytes)                      column c of four words of bits -> bytes[c], c < 64
//   split(bytes, n, low, high)              gradients of 8 bits as digits, n a multiple of 16
//   add_sizes(digits, n, factor, totals)    totals[i] += factor times the sizes of digits 4 i to 4 i + 3, i < n, 8 | n
//   build(digits, tables, step)             16 digits -> four tables, `step` bytes apart
//
//   add<M, Digits, stride>(rows, runs, panel, fresh, tile)
//
// tile[m][c] = (fresh ? 0 : tile[m][c]) + what the tables of row m have for column c of the panel, summed over the
// runs, in which tables are `stride` bytes apart; all have `most_groups` groups at most.
#pragma once

#include "../../kernels/levels.hpp"

namespace linocut::LINOCUT_NS::lookups {

inline constexpr i64 inputs = 4;            // digits that a table sums
inline constexpr i64 bytes = 16;            // of a table
inline constexpr i64 columns = 64;          // of a panel
inline constexpr i64 never = i64{1} << 62;  // as `least_inputs`: bytes are faster, however many inputs there are

// How many tables' entries a byte holds: an entry is at most 4 * 8, of levels of 4 bits 4 * 30 (kernels/levels.hpp).
template <int Digits>
inline constexpr i64 tables_of_bytes = Digits == 2 ? 7 : 2;
static_assert(7 * 4 * 8 <= 255 && 2 * inputs * most_level <= 255);

// How many groups of four gradients 16 bits hold.
template <int Digits>
inline constexpr i64 most_groups = Digits == 2 ? 120 : 512;
static_assert(120 * 4 * (8 + 16 * 8) <= 65535 && 512 * inputs * most_level <= 65535);

// Tables and rows of a panel that meet: `groups` of both from these offsets, in bytes, on.
struct Run {
    i64 tables, panel;
};
struct Runs {
    const Run* first;
    i64 count, groups;
};

// Where the tables of a row begin, those of the low digit, those of the high one `high` bytes later.
template <int M>
struct Rows {
    const u8* tables[M];
    i64 high;
};

// Sizes of eight digits lie as [positive 0..3, negative 0..3, positive 4..7, negative 4..7]; size i of entry e of two
// tables, side by side, is at from[i][e]: the positive one where bit i of e is 1, else the negative one.
struct SizesOfEntries {
    alignas(32) u8 from[inputs][2 * bytes];

    constexpr SizesOfEntries() : from() {
        for (int i = 0; i < 4; ++i) {
            for (int e = 0; e < 32; ++e) from[i][e] = static_cast<u8>(8 * (e / 16) + ((e >> i & 1) != 0 ? 0 : 4) + i);
        }
    }
};
inline constexpr SizesOfEntries sizes_of_entries;

}  // namespace linocut::LINOCUT_NS::lookups
