// i4: two mantissas a byte, the one with the even index in the low nibble, -7 to 7. A row begins with a byte of its
// own; one of an odd number of elements ends in a nibble of 0 (src/linocut/ops/nibbles.py). Kernels take them as bytes.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i32 most_nibble = 7;

inline i64 nibble_bytes(i64 elements) { return divide_up(elements, 2); }

// The byte that has the element `first`, an even one, of a row.
inline u8* nibble_row(const Operand& operand, i64 index, i64 first) {
    return static_cast<u8*>(operand.data) + index * nibble_bytes(operand.cols) + first / 2;
}

inline i8 low_nibble(u8 both) { return static_cast<i8>(((both & 15) ^ 8) - 8); }
inline i8 high_nibble(u8 both) { return static_cast<i8>((both >> 4 ^ 8) - 8); }

inline void unpack_pairs(const u8* __restrict from, i64 pairs, i8* __restrict out) {
    for (i64 i = 0; i < pairs; ++i) {
        out[2 * i] = low_nibble(from[i]);
        out[2 * i + 1] = high_nibble(from[i]);
    }
}

// n elements as bytes.
inline void unpack_nibbles(const u8* from, i64 n, i8* out) {
    unpack_pairs(from, n / 2, out);
    if (n % 2 != 0) out[n - 1] = low_nibble(from[n / 2]);
}

inline void pack_pairs(const i8* __restrict from, i64 pairs, u8* __restrict out) {
    for (i64 i = 0; i < pairs; ++i) out[i] = static_cast<u8>((from[2 * i] & 15) | from[2 * i + 1] << 4);
}

// n elements from bytes that are -7 to 7.
inline void pack_nibbles(const i8* from, i64 n, u8* out) {
    pack_pairs(from, n / 2, out);
    if (n % 2 != 0) out[n / 2] = from[n - 1] & 15;
}

// Up to 64 mantissas of a row, from a multiple of 64 on, as bytes: where they lie, or in `copy`.
inline const i8* mantissa_bytes(const Operand& from, i64 index, i64 first, i64 n, i8* copy) {
    if (from.format != Format::i4) return row<i8>(from, index) + first;
    const u8* nibbles = nibble_row(from, index, first);
    n == segment ? unpack_pairs(nibbles, segment / 2, copy) : unpack_nibbles(nibbles, n, copy);
    return copy;
}

// The other way, of i4 alone.
inline void store_nibbles(const Operand& to, i64 index, i64 first, i64 n, const i8* values) {
    u8* nibbles = nibble_row(to, index, first);
    n == segment ? pack_pairs(values, segment / 2, nibbles) : pack_nibbles(values, n, nibbles);
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
