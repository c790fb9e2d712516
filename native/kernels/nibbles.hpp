// i4: two mantissas a byte, the one with the even index in the low nibble. A nibble is a code from -7 to 7, which
// stands for a level with its sign. A row begins with a byte of its own; one of an odd number of elements ends in a
// nibble of 0 (src/linocut/ops/nibbles.py). Kernels take mantissas as bytes.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int most_code = 7;
inline constexpr i8 levels[most_code + 1] = {0, 1, 2, 4, 7, 12, 19, 30};
inline constexpr i8 most_level = levels[most_code];

// Loops over codes are plain sums of comparisons, which the compiler turns into vectors of bytes.

inline u8 level_of(u8 code) {
    u8 level = 0;
    for (int c = 1; c <= most_code; ++c) {
        level = static_cast<u8>(level + (code >= c ? levels[c] - levels[c - 1] : 0));
    }
    return level;
}

// Of a size in halves: from `levels[c] + levels[c - 1]` on it is as near to level c as to the one before.
inline u8 code_of(u8 halves) {
    u8 code = 0;
    for (int c = 1; c <= most_code; ++c) code = static_cast<u8>(code + (halves >= levels[c] + levels[c - 1]));
    return code;
}

inline i64 nibble_bytes(i64 elements) { return divide_up(elements, 2); }

// The byte that has the element `first`, an even one, of a row.
inline u8* nibble_row(const Operand& operand, i64 index, i64 first) {
    return static_cast<u8*>(operand.data) + index * nibble_bytes(operand.cols) + first / 2;
}

inline i8 mantissa_of(u8 nibble) {
    const u8 below = nibble & 8 ? 0xFF : 0;  // of a negative one the code is two's complement
    const u8 code = static_cast<u8>(((nibble | (below & 0xF0)) ^ below) - below);
    return static_cast<i8>((level_of(code) ^ below) - below);
}
inline i8 low_nibble(u8 both) { return mantissa_of(both & 15); }
inline i8 high_nibble(u8 both) { return mantissa_of(both >> 4); }

// The two mantissas of every byte.
struct Pairs {
    i8 of[256][2];

    constexpr Pairs() : of() {
        for (int both = 0; both < 256; ++both) {
            for (int i = 0; i < 2; ++i) {
                const int nibble = both >> 4 * i & 15, code = nibble < 8 ? nibble : 16 - nibble;
                const i8 level = levels[code < most_code ? code : most_code];
                of[both][i] = static_cast<i8>(nibble < 8 ? level : -level);
            }
        }
    }
};
inline constexpr Pairs pairs_of_bytes;

inline void unpack_pairs(const u8* __restrict from, i64 pairs, i8* __restrict out) {
    for (i64 i = 0; i < pairs; ++i) std::memcpy(out + 2 * i, pairs_of_bytes.of[from[i]], 2);
}

// n elements as bytes.
inline void unpack_nibbles(const u8* from, i64 n, i8* out) {
    unpack_pairs(from, n / 2, out);
    if (n % 2 != 0) out[n - 1] = low_nibble(from[n / 2]);
}

// The nibbles of numbers x as floor(2 x), -128 to 127: nearest levels, of two the larger; beyond the largest, that.
inline void pack_pairs(const i8* __restrict halves, i64 pairs, u8* __restrict out) {
    u8 nibbles[segment];
    for (i64 i = 0; i < 2 * pairs; ++i) {
        const u8 below = static_cast<u8>(halves[i] >> 7);
        const u8 code = code_of(static_cast<u8>(static_cast<u8>(halves[i]) ^ below));
        nibbles[i] = static_cast<u8>((code ^ below) - below) & 15;
    }
    for (i64 i = 0; i < pairs; ++i) out[i] = static_cast<u8>(nibbles[2 * i] | nibbles[2 * i + 1] << 4);
}

// Up to 64 mantissas of a row, from a multiple of 64 on, as bytes: where they lie, or in `copy`.
inline const i8* mantissa_bytes(const Operand& from, i64 index, i64 first, i64 n, i8* copy) {
    if (from.format != Format::i4) return row<i8>(from, index) + first;
    const u8* nibbles = nibble_row(from, index, first);
    n == segment ? unpack_pairs(nibbles, segment / 2, copy) : unpack_nibbles(nibbles, n, copy);
    return copy;
}

// Up to 64 numbers as floor(2 x) to a row of i4, from a multiple of 64 on; `halves` are 64 bytes that may be written.
inline void store_halves(const Operand& to, i64 index, i64 first, i64 n, i8* halves) {
    u8* nibbles = nibble_row(to, index, first);
    if (n == segment) return pack_pairs(halves, segment / 2, nibbles);
    if (n % 2 != 0) halves[n] = 0;
    pack_pairs(halves, nibble_bytes(n), nibbles);
}

// Mantissas that are levels.
inline void store_levels(const Operand& to, i64 index, i64 first, i64 n, const i8* mantissas) {
    i8 halves[segment] = {};
    for (i64 c = 0; c < n; ++c) halves[c] = static_cast<i8>(2 * mantissas[c]);
    store_halves(to, index, first, n, halves);
}

// A matrix of i4 as one run of its elements, rows behind each other.
struct Nibbles {
    const u8* data;
    i64 cols;

    explicit Nibbles(const Operand& operand) : data(static_cast<const u8*>(operand.data)), cols(operand.cols) {}
};

// Elements [offset, offset + n) as bytes.
inline void copy_elements(u8* bytes, const Nibbles& from, i64 offset, i64 n) {
    i8* to = reinterpret_cast<i8*>(bytes);
    while (n > 0) {
        const i64 row = from.cols % 2 == 0 ? 0 : offset / from.cols, column = offset - row * from.cols;
        const i64 count = from.cols % 2 == 0 ? n : least(n, from.cols - column);
        const u8* nibbles = from.data + row * nibble_bytes(from.cols) + column / 2;
        const i64 odd = column % 2;
        if (odd != 0) *to = high_nibble(*nibbles++);
        unpack_nibbles(nibbles, count - odd, to + odd);
        to += count;
        offset += count;
        n -= count;
    }
}

}  // namespace linocut::LINOCUT_NS
