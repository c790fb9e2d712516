// Four rows of 64 bytes or bits side by side.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// Four rows of 64 bytes -> [64][4].
inline void interleave(__m512i a, __m512i b, __m512i c, __m512i d, u8* out) {
    const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
    const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
    // t[i] holds, in its 128-bit lane j, columns 16 j + 4 i to 16 j + 4 i + 3.
    const __m512i t0 = _mm512_unpacklo_epi16(ab_low, cd_low), t1 = _mm512_unpackhi_epi16(ab_low, cd_low);
    const __m512i t2 = _mm512_unpacklo_epi16(ab_high, cd_high), t3 = _mm512_unpackhi_epi16(ab_high, cd_high);
    const __m512i s0 = _mm512_shuffle_i32x4(t0, t1, 0x44), s1 = _mm512_shuffle_i32x4(t0, t1, 0xEE);
    const __m512i s2 = _mm512_shuffle_i32x4(t2, t3, 0x44), s3 = _mm512_shuffle_i32x4(t2, t3, 0xEE);
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(s0, s2, 0x88));
    _mm512_storeu_si512(out + 64, _mm512_shuffle_i32x4(s0, s2, 0xDD));
    _mm512_storeu_si512(out + 128, _mm512_shuffle_i32x4(s1, s3, 0x88));
    _mm512_storeu_si512(out + 192, _mm512_shuffle_i32x4(s1, s3, 0xDD));
}

inline void interleave_bits(const u64* four, u8* out) {
    interleave(_mm512_maskz_set1_epi8(four[0], 1), _mm512_maskz_set1_epi8(four[1], 1),
               _mm512_maskz_set1_epi8(four[2], 1), _mm512_maskz_set1_epi8(four[3], 1), out);
}

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    const __mmask64 valid = n == segment ? ~u64{0} : (u64{1} << n) - 1;
    __m512i r[4];
    for (int i = 0; i < 4; ++i) r[i] = four[i] ? _mm512_maskz_loadu_epi8(valid, four[i]) : _mm512_setzero_si512();
    interleave(r[0], r[1], r[2], r[3], out);
}

}  // namespace linocut::LINOCUT_NS
