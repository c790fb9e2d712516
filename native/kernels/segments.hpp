// Segments: up to 64 elements of a row, read from any format into an array of one type, and written back; and between 64
// packed bits and 64 bytes. What differs per instruction set in the element-wise kernels is here.
#pragma once

#include "half.hpp"

namespace linocut::LINOCUT_NS {

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) {
#if defined(__AVX512BW__)
    return _mm512_movepi8_mask(_mm512_loadu_si512(flags));
#elif defined(__AVX2__)
    const u32 low = static_cast<u32>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(flags))));
    const u32 high =
        static_cast<u32>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(flags + 32))));
    return low | static_cast<u64>(high) << 32;
#else
    u64 bits = 0;
    for (int octet = 0; octet < 8; ++octet) {
        u64 bytes;
        std::memcpy(&bytes, flags + 8 * octet, 8);
        // Gathers the lowest bit of each byte into the top byte.
        bits |= (((bytes & 0x0101010101010101u) * 0x0102040810204080u) >> 56) << (8 * octet);
    }
    return bits;
#endif
}

// Bit i -> bytes[i], 1 or 0.
inline void expand_bits(u64 bits, u8* bytes) {
#if defined(__AVX512BW__)
    _mm512_storeu_si512(bytes, _mm512_maskz_set1_epi8(bits, 1));
#else
    for (int octet = 0; octet < 8; ++octet) {
        const u64 eight = (bits >> (8 * octet)) & 0xFFu;
        // Copies the octet to every byte, keeps a different bit in each, and makes it 1 or 0.
        const u64 spread = (eight * 0x0101010101010101u) & 0x8040201008040201u;
        const u64 ones = ((spread + 0x7F7F7F7F7F7F7F7Fu) >> 7) & 0x0101010101010101u;
        std::memcpy(bytes + 8 * octet, &ones, 8);
    }
#endif
}

// Elements [first, first + n) of a row as floats. n <= 64.
inline void load_floats(const Operand& from, i64 index, i64 first, i64 n, float* out) {
    switch (from.format) {
        case Format::f32: std::memcpy(out, row<float>(from, index) + first, static_cast<std::size_t>(n) * sizeof(float)); return;
        case Format::f16: from_halves(row<u16>(from, index) + first, n, out); return;
        case Format::i16: case Format::q15: {
            const i16* in = row<i16>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i32: {
            const i32* in = row<i32>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        default: return;
    }
}

// Elements [first, first + n) of an integer row.
inline void load_integers(const Operand& from, i64 index, i64 first, i64 n, i32* out) {
    if (from.format == Format::i32) {
        std::memcpy(out, row<i32>(from, index) + first, static_cast<std::size_t>(n) * sizeof(i32));
    } else {
        const i16* in = row<i16>(from, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = in[i];
    }
}

// Sums of this many 16-bit integers fit 32 bits.
inline constexpr i64 narrow_rows = 65536;
inline bool sums_are_narrow(const Operand& elements) {
    return elements.format == Format::i16 && elements.rows <= narrow_rows;
}

inline void store_floats(const Operand& to, i64 index, i64 first, i64 n, const float* in) {
    if (to.format == Format::f32) {
        std::memcpy(row<float>(to, index) + first, in, static_cast<std::size_t>(n) * sizeof(float));
    } else {
        to_halves(in, n, row<u16>(to, index) + first);
    }
}

// An element of a float operand (f16 or f32).
inline float load_float(const Operand& from, i64 index, i64 column) {
    float value = 0.0f;
    load_floats(from, index, column, 1, &value);
    return value;
}

inline void store_float(const Operand& to, i64 index, i64 column, float value) {
    store_floats(to, index, column, 1, &value);
}

inline bool is_integer(Format format) { return format != Format::f16 && format != Format::f32 && format != Format::f64; }

}  // namespace linocut::LINOCUT_NS
