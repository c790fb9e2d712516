// Panels for the tiles of dot8.hpp: four rows of bytes or bits interleaved into groups.
#pragma once

#include "dot8.hpp"
#include "nibbles.hpp"
#include "whole_rows.hpp"

namespace linocut::LINOCUT_NS {

// The rows of a group, n columns from `column` on: those of a matrix of bytes or nibbles from `first` on, null from
// `count` on.
template <int N>
struct GroupRows {
    const u8* rows[N] = {};
    i8 unpacked[N][segment];

    GroupRows(const Operand& bytes, i64 first, i64 count, i64 column, i64 n) {
        for (i64 i = 0; i < least<i64>(N, count); ++i) take(bytes, first + i, column, n, i);
    }
    // The rows `numbers(i)`.
    template <class Numbers>
    GroupRows(const Operand& bytes, const Numbers& numbers, i64 column, i64 n) {
        for (i64 i = 0; i < N; ++i) take(bytes, numbers(i), column, n, i);
    }
    GroupRows(const GroupRows&) = delete;  // rows may be the unpacked ones

  private:
    void take(const Operand& bytes, i64 number, i64 column, i64 n, i64 i) {
        rows[i] = reinterpret_cast<const u8*>(mantissa_bytes(bytes, number, column, n, unpacked[i]));
    }
};

// Panel of 0 and 1 from the bits of rows [first, first + count) of a packed matrix, word `word` of each.
inline void pack_bit_panel(const Operand& bits, i64 first, i64 count, i64 word, Panel& panel) {
    for (i64 g = 0; 4 * g < count; ++g) {
        u64 four[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) four[i] = bit_row(bits, first + 4 * g + i)[word];
        interleave_bits(four, panel[g][0]);
    }
}

// Bytes or nibbles [column, column + n), n <= 64, of rows [first, first + count), interleaved: out is [group][64][4] or
// part of wider rows.
inline void pack_bytes(const Operand& bytes, i64 first, i64 count, i64 column, i64 n, u8* out, i64 group_stride) {
    for (i64 g = 0; 4 * g < count; ++g) {
        interleave_bytes(GroupRows<4>(bytes, first + 4 * g, count - 4 * g, column, n).rows, n, out + g * group_stride);
    }
}

}  // namespace linocut::LINOCUT_NS
