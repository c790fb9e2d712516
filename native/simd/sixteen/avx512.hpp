// 16 floats in a vector, and what 16 bits say of them by mask registers.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

struct Sixteen {
    static constexpr bool usable = true;
    static constexpr i64 count = 16;
    using F = __m512;        // has the operators of numbers
    using Bits = __mmask16;  // bit i is of number i

    static F all(float number) { return _mm512_set1_ps(number); }
    static F load(const float* from) { return _mm512_loadu_ps(from); }
    static void store(float* to, F v) { _mm512_storeu_ps(to, v); }
    static F from_halves(const u16* from) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static void to_halves(u16* to, F v) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
    }
    static F from_bytes(const i8* from) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    }
    static F from_shorts(const i16* from) { return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(load_whole(from))); }

    // Those of bits that are 1, else 0.
    static F kept(F v, Bits bits) { return _mm512_maskz_mov_ps(bits, v); }
    static F chosen(F zeros, F ones, Bits bits) { return _mm512_mask_blend_ps(bits, zeros, ones); }
    static F negated(F v, Bits bits) { return _mm512_mask_sub_ps(v, bits, _mm512_setzero_ps(), v); }
    static F size(F v) { return _mm512_abs_ps(v); }
    static F larger(F a, F b) { return _mm512_max_ps(a, b); }   // b where one is no number
    static F smaller(F a, F b) { return _mm512_min_ps(a, b); }  // likewise
    static Bits above(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
    static Bits at_least(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
    static Bits at_most(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
    static Bits equal(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }

    // Whole numbers of 32 bits, those of `Integers`.
    static F from_longs(__m512i longs) { return _mm512_cvtepi32_ps(longs); }
    static __m512i floor_longs(F v) {  // of what fits
        return _mm512_cvt_roundps_epi32(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    }
};

}  // namespace linocut::LINOCUT_NS
