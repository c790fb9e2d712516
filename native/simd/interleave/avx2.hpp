// Four rows of 64 bytes or bits side by side.
#pragma once

#include "../../kernels/whole_rows.hpp"
#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// Four rows of 32 bytes -> [32][4].
inline void interleave(__m256i a, __m256i b, __m256i c, __m256i d, u8* out) {
    const __m256i ab_low = _mm256_unpacklo_epi8(a, b), ab_high = _mm256_unpackhi_epi8(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi8(c, d), cd_high = _mm256_unpackhi_epi8(c, d);
    // t[i] holds, in its 128-bit lane j, columns 16 j + 4 i to 16 j + 4 i + 3.
    const __m256i t[4] = {_mm256_unpacklo_epi16(ab_low, cd_low), _mm256_unpackhi_epi16(ab_low, cd_low),
                          _mm256_unpacklo_epi16(ab_high, cd_high), _mm256_unpackhi_epi16(ab_high, cd_high)};
    const auto store = [&](int i, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), v); };
    store(0, _mm256_permute2x128_si256(t[0], t[1], 0x20));
    store(1, _mm256_permute2x128_si256(t[2], t[3], 0x20));
    store(2, _mm256_permute2x128_si256(t[0], t[1], 0x31));
    store(3, _mm256_permute2x128_si256(t[2], t[3], 0x31));
}

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    const WholeRows<4> whole(four, n);
    const auto load = [&](int i, i64 c) { return load_whole(whole.rows[i] + c); };
    for (i64 c = 0; c < segment; c += 32) interleave(load(0, c), load(1, c), load(2, c), load(3, c), out + 4 * c);
}

// The bits of four rows -> [64][4] of 0 and 1. An octet of each row, side by side, goes to all columns, each of which
// keeps its bit.
inline void interleave_bits(const u64* four, u8* out) {
    const auto word = [&](int i) { return _mm_cvtsi64_si128(static_cast<i64>(four[i])); };
    const __m128i ab = _mm_unpacklo_epi8(word(0), word(1)), cd = _mm_unpacklo_epi8(word(2), word(3));
    alignas(16) i32 octets[8];
    _mm_store_si128(reinterpret_cast<__m128i*>(octets), _mm_unpacklo_epi16(ab, cd));
    _mm_store_si128(reinterpret_cast<__m128i*>(octets + 4), _mm_unpackhi_epi16(ab, cd));
    const __m256i places = _mm256_setr_epi32(0x01010101, 0x02020202, 0x04040404, 0x08080808, 0x10101010, 0x20202020,
                                             0x40404040, static_cast<i32>(0x80808080u));
    for (int i = 0; i < 8; ++i) {
        const __m256i kept = _mm256_and_si256(_mm256_set1_epi32(octets[i]), places);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), _mm256_min_epu8(kept, _mm256_set1_epi8(1)));
    }
}

}  // namespace linocut::LINOCUT_NS
