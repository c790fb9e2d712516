// Segments: up to 64 elements of a row, read from any format into an array of one type, and written back; and between
// 64 packed bits and 64 bytes. What differs per instruction set in the element-wise kernels is here.
#pragma once

#include "half.hpp"

namespace linocut::LINOCUT_NS {

#if defined(__AVX2__)
inline __m256i load_whole(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
#endif

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) {
#if defined(__AVX512BW__)
    return _mm512_movepi8_mask(_mm512_loadu_si512(flags));
#elif defined(__AVX2__)
    const u32 low = static_cast<u32>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(flags))));
    const u32 high =
        static_cast<u32>(_mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(flags + 32))));
    return low | static_cast<u64>(high) << 32;
#elif defined(LINOCUT_NEON)
    const uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
    const auto sixteen = [&](int i) { return vandq_u8(vld1q_u8(flags + 16 * i), places); };
    // Neighbours are added three times: the eight places of an octet meet in one byte.
    const uint8x16_t fours = vpaddq_u8(vpaddq_u8(sixteen(0), sixteen(1)), vpaddq_u8(sixteen(2), sixteen(3)));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)), 0);
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

// masks[i] is 0 or -1 -> bit i.
template <class T>
inline u64 pack_masks(const T* masks) {
#if defined(__AVX2__)
    // 32 bytes; packing within 128-bit lanes leaves their fours out of order.
    const auto bytes_of = [](const T* from) {
        if constexpr (sizeof(T) == 2) {
            return _mm256_permute4x64_epi64(_mm256_packs_epi16(load_whole(from), load_whole(from + 16)), 0xD8);
        } else {
            const __m256i low = _mm256_packs_epi32(load_whole(from), load_whole(from + 8));
            const __m256i high = _mm256_packs_epi32(load_whole(from + 16), load_whole(from + 24));
            return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high),
                                               _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        }
    };
    const auto bits_of = [&](const T* from) { return static_cast<u32>(_mm256_movemask_epi8(bytes_of(from))); };
    return bits_of(masks) | static_cast<u64>(bits_of(masks + 32)) << 32;
#else
    alignas(64) u8 flags[segment];
    for (i64 i = 0; i < segment; ++i) flags[i] = static_cast<u8>(masks[i]);
    return pack_flags(flags);
#endif
}

// values[i] >= bounds[i] -> bit i.
inline u64 bits_at_least(const i32* values, const i32* bounds) {
#if defined(__AVX512BW__)
    u64 bits = 0;
    for (int quarter = 0; quarter < 4; ++quarter) {
        const __m512i value = _mm512_loadu_si512(values + 16 * quarter),
                      bound = _mm512_loadu_si512(bounds + 16 * quarter);
        bits |= static_cast<u64>(_mm512_cmpge_epi32_mask(value, bound)) << (16 * quarter);
    }
    return bits;
#else
    alignas(32) i32 masks[segment];
    for (i64 i = 0; i < segment; ++i) masks[i] = values[i] >= bounds[i] ? -1 : 0;
    return pack_masks(masks);
#endif
}

#if defined(LINOCUT_NEON)
// The 16 lowest bits -> 16 bytes, 1 or 0.
inline uint8x16_t expand_sixteen(u64 bits) {
    const uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
    const uint8x16_t octets = vcombine_u8(vdup_n_u8(static_cast<u8>(bits)), vdup_n_u8(static_cast<u8>(bits >> 8)));
    return vshrq_n_u8(vtstq_u8(octets, places), 7);
}
#endif

// Bit i -> bytes[i], 1 or 0.
inline void expand_bits(u64 bits, u8* bytes) {
#if defined(__AVX512BW__)
    _mm512_storeu_si512(bytes, _mm512_maskz_set1_epi8(bits, 1));
#elif defined(LINOCUT_NEON)
    for (int quarter = 0; quarter < 4; ++quarter)
        vst1q_u8(bytes + 16 * quarter, expand_sixteen(bits >> (16 * quarter)));
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

#if defined(__AVX2__)
// Bit i -> byte i, -1 or 0.
inline __m256i masks_of(u32 bits) {
    const __m256i octets = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i places = _mm256_set1_epi64x(static_cast<i64>(0x8040201008040201u));
    const __m256i copied = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<i32>(bits)), octets);
    return _mm256_cmpeq_epi8(_mm256_and_si256(copied, places), places);
}
#endif

// Bit i -> masks[i], -1 or 0.
inline void expand_masks(u64 bits, i8* masks) {
#if defined(__AVX512BW__)
    _mm512_storeu_si512(masks, _mm512_movm_epi8(bits));
#elif defined(__AVX2__)
    for (int half = 0; half < 2; ++half) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(masks + 32 * half),
                            masks_of(static_cast<u32>(bits >> (32 * half))));
    }
#else
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) masks[i] = static_cast<i8>(-ones[i]);
#endif
}

inline void expand_masks(u64 bits, i16* masks) {
#if defined(__AVX512BW__)
    _mm512_storeu_si512(masks, _mm512_movm_epi16(static_cast<__mmask32>(bits)));
    _mm512_storeu_si512(masks + 32, _mm512_movm_epi16(static_cast<__mmask32>(bits >> 32)));
#elif defined(__AVX2__)
    const __m256i single = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
                                             static_cast<i16>(0x8000));
    for (int quarter = 0; quarter < 4; ++quarter) {
        const __m256i sixteen = _mm256_set1_epi16(static_cast<i16>(bits >> (16 * quarter)));
        const __m256i found = _mm256_cmpeq_epi16(_mm256_and_si256(sixteen, single), single);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(masks + 16 * quarter), found);
    }
#else
    typedef i16 Eight __attribute__((vector_size(16)));
    const Eight single = {1, 2, 4, 8, 16, 32, 64, 128};
    for (int octet = 0; octet < 8; ++octet) {
        const i16 copied = static_cast<i16>(bits >> (8 * octet));
        const Eight found = ((Eight{} + copied) & single) == single;
        std::memcpy(masks + 8 * octet, &found, sizeof found);
    }
#endif
}

// g[i] where bit i is 1, else 0.
inline void keep_floats(u64 bits, float* g) {
#if defined(__AVX512BW__)
    for (int quarter = 0; quarter < 4; ++quarter) {
        const auto kept = static_cast<__mmask16>(bits >> (16 * quarter));
        _mm512_storeu_ps(g + 16 * quarter, _mm512_maskz_loadu_ps(kept, g + 16 * quarter));
    }
#else
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) g[i] = ones[i] ? g[i] : 0.0f;
#endif
}

// The segment at `in`: itself where it is whole, else its n elements in front of what `padded` holds.
template <class T>
inline const T* whole_segment(const T* in, i64 n, T* padded) {
    if (n == segment) return in;
    std::memcpy(padded, in, static_cast<std::size_t>(n) * sizeof(T));
    return padded;
}

// Elements [first, first + n) of a row as floats. n <= 64.
inline void load_floats(const Operand& from, i64 index, i64 first, i64 n, float* out) {
    switch (from.format) {
        case Format::f32:
            std::memcpy(out, row<float>(from, index) + first, static_cast<std::size_t>(n) * sizeof(float));
            return;
        case Format::f16:
            from_halves(row<u16>(from, index) + first, n, out);
            return;
        case Format::i16:
        case Format::q15: {
            const i16* in = row<i16>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i8: {
            const i8* in = row<i8>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i32: {
            const i32* in = row<i32>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        default:
            return;
    }
}

// Elements [first, first + n) of a row as doubles: exactly.
inline void load_doubles(const Operand& from, i64 index, i64 first, i64 n, double* out) {
    if (from.format == Format::i32) {
        const i32* in = row<i32>(from, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = in[i];
    } else {
        float values[segment];
        load_floats(from, index, first, n, values);
        for (i64 i = 0; i < n; ++i) out[i] = values[i];
    }
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

inline bool is_integer(Format format) {
    return format != Format::f16 && format != Format::f32 && format != Format::f64;
}

}  // namespace linocut::LINOCUT_NS
