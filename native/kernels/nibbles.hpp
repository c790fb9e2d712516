// i4: two mantissas a byte, the one with the even index in the low nibble. A nibble is a code from -7 to 7, which
// stands for a level with its sign. A row begins with a byte of its own; one of an odd number of elements ends in a
// nibble of 0 (src/linocut/ops/nibbles.py). Kernels take mantissas as bytes.
#pragma once

#include "../simd/simd.hpp"
#include "levels.hpp"

namespace linocut::LINOCUT_NS {

inline i64 nibble_bytes(i64 elements) { return divide_up(elements, 2); }

// The byte that has the element `first`, an even one, of a row.
inline u8* nibble_row(const Operand& operand, i64 index, i64 first) {
    return static_cast<u8*>(operand.data) + index * nibble_bytes(operand.cols) + first / 2;
}

inline i8 low_nibble(u8 both) { return mantissas_of_nibbles[both & 15]; }
inline i8 high_nibble(u8 both) { return mantissas_of_nibbles[both >> 4]; }

// GCC 12 takes no size of a vector from a template.
template <i64 Count>
struct CodeVectors;
template <>
struct CodeVectors<8> {
    using Unsigned [[gnu::vector_size(8)]] = u8;
};
template <>
struct CodeVectors<16> {
    using Unsigned [[gnu::vector_size(16)]] = u8;
    using Signed [[gnu::vector_size(16)]] = i8;
    using Pairs [[gnu::vector_size(16)]] = u16;
};
template <>
struct CodeVectors<32> {
    using Unsigned [[gnu::vector_size(32)]] = u8;
    using Signed [[gnu::vector_size(32)]] = i8;
    using Pairs [[gnu::vector_size(32)]] = u16;
};
template <>
struct CodeVectors<64> {
    using Unsigned [[gnu::vector_size(64)]] = u8;
    using Signed [[gnu::vector_size(64)]] = i8;
    using Pairs [[gnu::vector_size(64)]] = u16;
};

// Codes by the dozen, in vectors of so many bytes, which the compiler knows.
template <i64 Count>
struct NibbleVectors {
    static constexpr i64 count = Count;
    using Packed = typename CodeVectors<Count / 2>::Unsigned;
    using Unsigned = typename CodeVectors<Count>::Unsigned;
    using Signed = typename CodeVectors<Count>::Signed;
    using Pairs = typename CodeVectors<Count>::Pairs;

    static void unpack(const u8* from, i8* out) {
        Packed packed;
        std::memcpy(&packed, from, sizeof packed);
        const Pairs wide = __builtin_convertvector(packed, Pairs);
        const Unsigned nibbles = reinterpret_cast<Unsigned>((wide | wide << 4) & 0x0F0F);
        const Unsigned below = reinterpret_cast<Unsigned>(nibbles >= 8);  // two's complement
        const Unsigned codes = ((nibbles | (below & 0xF0)) ^ below) - below;
        Unsigned sizes = {};
        for (int c = 1; c <= most_code; ++c) {
            sizes +=
                reinterpret_cast<Unsigned>(codes >= static_cast<u8>(c)) & static_cast<u8>(levels[c] - levels[c - 1]);
        }
        sizes = (sizes ^ below) - below;
        std::memcpy(out, &sizes, sizeof sizes);
    }

    static void pack(const i8* halves, u8* out) {
        Signed numbers;
        std::memcpy(&numbers, halves, sizeof numbers);
        const Unsigned below = reinterpret_cast<Unsigned>(numbers < 0);
        const Unsigned sizes = reinterpret_cast<Unsigned>(numbers) ^ below;
        Unsigned codes = {};
        for (int c = 1; c <= most_code; ++c) {
            codes -= reinterpret_cast<Unsigned>(sizes >= static_cast<u8>(levels[c] + levels[c - 1]));
        }
        const Pairs nibbles = reinterpret_cast<Pairs>(((codes ^ below) - below) & 15);
        const Packed packed = __builtin_convertvector((nibbles | nibbles >> 4) & 0xFF, Packed);
        std::memcpy(out, &packed, sizeof packed);
    }
};

// As wide as the instruction set likes them, and narrow ones for what is left.
template <class B>
constexpr i64 wide_codes() {
    if constexpr (B::usable) return B::count;
    return 16;
}
using WideNibbles = NibbleVectors<wide_codes<Bytes>()>;
using NarrowNibbles = NibbleVectors<16>;

inline void unpack_pairs(const u8* from, i64 pairs, i8* out) {
    const u8* end = from + pairs;
    const auto some = [&](auto vectors) {
        constexpr i64 at_once = decltype(vectors)::count / 2;
        for (; end - from >= at_once; from += at_once, out += 2 * at_once) vectors.unpack(from, out);
    };
    some(WideNibbles());
    some(NarrowNibbles());
    for (; from < end; ++from, out += 2) {
        out[0] = low_nibble(*from);
        out[1] = high_nibble(*from);
    }
}

// n elements as bytes.
inline void unpack_nibbles(const u8* from, i64 n, i8* out) {
    unpack_pairs(from, n / 2, out);
    if (n % 2 != 0) out[n - 1] = low_nibble(from[n / 2]);
}

// The nibbles of an even number of numbers x, as floor(2 x).
inline void pack_halves(const i8* halves, i64 n, u8* out) {
    i64 i = 0;
    const auto some = [&](auto vectors) {
        for (; i + vectors.count <= n; i += vectors.count) vectors.pack(halves + i, out + i / 2);
    };
    some(WideNibbles());
    some(NarrowNibbles());
    if (i == n) return;
    i8 rest[NarrowNibbles::count] = {};
    u8 packed[NarrowNibbles::count / 2];
    std::memcpy(rest, halves + i, static_cast<std::size_t>(n - i));
    NarrowNibbles::pack(rest, packed);
    std::memcpy(out + i / 2, packed, static_cast<std::size_t>((n - i) / 2));
}

// The nibbles of 64 numbers x as floor(2 x), -128 to 127: nearest levels, of two the larger; beyond the largest, that.
inline void pack_segment(const i8* halves, u8* out) { pack_halves(halves, segment, out); }

// Up to 64 mantissas of a row, from an even one on, as bytes: where they lie, or in `copy`.
inline const i8* mantissa_bytes(const Operand& from, i64 index, i64 first, i64 n, i8* copy) {
    if (from.format != Format::i4) return row<i8>(from, index) + first;
    const u8* nibbles = nibble_row(from, index, first);
    n == segment ? unpack_pairs(nibbles, segment / 2, copy) : unpack_nibbles(nibbles, n, copy);
    return copy;
}

// Up to 64 numbers as floor(2 x) to a row of i4, from a multiple of 64 on; `halves` are 64 bytes that may be written.
inline void store_halves(const Operand& to, i64 index, i64 first, i64 n, i8* halves) {
    u8* nibbles = nibble_row(to, index, first);
    if (n == segment) return pack_segment(halves, nibbles);
    u8 packed[segment / 2];
    if (n % 2 != 0) halves[n] = 0;
    pack_segment(halves, packed);
    std::memcpy(nibbles, packed, static_cast<std::size_t>(nibble_bytes(n)));
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

// What makes mantissas of bytes unsigned.
inline constexpr u8 bias = 128;

// `count` mantissas from the row `index` on, of an even number of elements a row, as bytes that are so much larger.
inline void copy_biased(const Operand& from, i64 index, i64 count, u8* __restrict to) {
    const u8* bytes = row<u8>(from, index);
    if (from.format == Format::i4) {
        unpack_nibbles(nibble_row(from, index, 0), count, reinterpret_cast<i8*>(to));
        bytes = to;
    }
    for (i64 i = 0; i < count; ++i) to[i] = static_cast<u8>(bytes[i] ^ bias);
}

}  // namespace linocut::LINOCUT_NS
