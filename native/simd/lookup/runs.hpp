// Sums of small signed gradients times signs, looked up in tables. A table has, for every choice of signs of a group of
// gradients, the sum of some part of them; an element of a panel, whose lowest bits are signs, finds it. As
//
//   sum d (2 b - 1) = 2 sum (d where b is 1) - sum d = 2 sum (|d| where d and the sign b agree) - sum |d|
//
// half of what the tables say is left out; what is to be taken off again does not depend on signs. lookup/of_bytes.hpp
// has tables of bytes, lookup/avx512.hpp tables of 16-bit words.
//
// A set defines `Lookups`, whose `usable` says whether its vectors look anything up; where they do, also
//
//   inputs, bytes                  gradients of a group, bytes of its table
//   Signs                          an element of a panel: u8 or u16
//   digits_of_bytes                how many digits, with tables of their own, a gradient of 8 bits is; one of 4 is one
//   rows_at_once, most_groups<Digits>   of an addition
//   least_inputs                   from how many inputs on tables of gradients of 8 bits are faster than bytes
//   whole                          so many zeros follow the gradients of a row
//
//   index(words, panel)            column c of `inputs` words of bits -> panel[c], c < 64
//   build_row<Digits>(gradients, n, tables, plane)
//                                  n gradients -> tables of groups side by side, those of the second digit `plane`
//                                  bytes later; returns what is to be taken off
//   build_columns<Digits>(rows, n, at, plane, totals)
//                                  column i < n of `inputs` rows of bytes (null: zeros) -> the table at(i);
//                                  totals[i] += what is to be taken off; up to 7 more columns may be written
//
//   add<M, Digits, stride>(rows, runs, panel, fresh, tile)
//
// tile[m][c] = (fresh ? 0 : tile[m][c]) + what the tables of row m have for column c of the panel, summed over the
// runs, in which tables are `stride` bytes apart; all have `most_groups` groups at most.
#pragma once

#include "../../kernels/levels.hpp"

namespace linocut::LINOCUT_NS::lookups {

inline constexpr i64 columns = 64;  // of a panel

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

}  // namespace linocut::LINOCUT_NS::lookups
