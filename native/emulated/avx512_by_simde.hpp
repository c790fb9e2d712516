// AVX-512's intrinsics by SIMDe, for processors that lack them; here what its release 0.7.4 lacks.
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <cstring>

namespace by_simde {

// What lanes of type To a function of lane numbers makes.
template <class Vector, class To, class Lane>
inline Vector lanes(Lane lane) {
    To values[sizeof(Vector) / sizeof(To)];
    for (unsigned i = 0; i < sizeof(Vector) / sizeof(To); ++i) values[i] = static_cast<To>(lane(i));
    Vector vector;
    std::memcpy(&vector, values, sizeof vector);
    return vector;
}

// A vector's lanes.
template <class From, class Vector>
struct Lanes {
    From values[sizeof(Vector) / sizeof(From)];

    explicit Lanes(const Vector& vector) { std::memcpy(values, &vector, sizeof vector); }
    From operator()(unsigned i) const { return values[i]; }
};

template <class Vector, class T>
inline Vector maskz_loadu(unsigned long long mask, const void* from) {
    return lanes<Vector, T>([&](unsigned i) { return mask >> i & 1 ? static_cast<const T*>(from)[i] : T{0}; });
}

inline void mask_storeu_epi8(void* to, unsigned long long mask, const simde__m512i& a) {
    const Lanes<signed char, simde__m512i> from(a);
    for (unsigned i = 0; i < 64; ++i)
        if (mask >> i & 1) static_cast<signed char*>(to)[i] = from(i);
}

inline unsigned cmpgt_epu16_mask(const simde__m512i& a, const simde__m512i& b) {
    const Lanes<unsigned short, simde__m512i> x(a), y(b);
    unsigned mask = 0;
    for (unsigned i = 0; i < 32; ++i) mask |= static_cast<unsigned>(x(i) > y(i)) << i;
    return mask;
}

inline simde__m512i mask_sub_epi16(const simde__m512i& src, unsigned mask, const simde__m512i& a,
                                   const simde__m512i& b) {
    const Lanes<unsigned short, simde__m512i> other(src), x(a), y(b);
    return lanes<simde__m512i, unsigned short>([&](unsigned i) { return mask >> i & 1 ? x(i) - y(i) : other(i); });
}

inline int reduce_add_epi32(const simde__m512i& a) {
    const Lanes<unsigned, simde__m512i> from(a);
    unsigned sum = 0;
    for (unsigned i = 0; i < 16; ++i) sum += from(i);
    return static_cast<int>(sum);
}

inline simde__m512i sra_epi32(const simde__m512i& a, const __m128i& count) {
    const Lanes<int, simde__m512i> from(a);
    const Lanes<unsigned long long, __m128i> by(count);
    return lanes<simde__m512i, int>([&](unsigned i) { return from(i) >> (by(0) > 31 ? 31 : by(0)); });
}

inline simde__m512 cvtph_ps(const __m256i& a) {
    const __m256 halves[2] = {_mm256_cvtph_ps(_mm256_castsi256_si128(a)),
                              _mm256_cvtph_ps(_mm256_extracti128_si256(a, 1))};
    simde__m512 both;
    std::memcpy(&both, halves, sizeof both);
    return both;
}

// To nearest, whatever is asked for.
inline __m256i cvtps_ph(const simde__m512& a) {
    __m256 halves[2];
    std::memcpy(halves, &a, sizeof halves);
    return _mm256_set_m128i(_mm256_cvtps_ph(halves[1], _MM_FROUND_TO_NEAREST_INT),
                            _mm256_cvtps_ph(halves[0], _MM_FROUND_TO_NEAREST_INT));
}

// Down, whatever is asked for.
inline simde__m512i cvt_roundps_epi32(const simde__m512& a) {
    const Lanes<float, simde__m512> from(a);
    return lanes<simde__m512i, int>([&](unsigned i) { return __builtin_floorf(from(i)); });
}

}  // namespace by_simde

#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)
#undef _mm512_maskz_loadu_epi8
#define _mm512_maskz_loadu_epi8(mask, from) by_simde::maskz_loadu<simde__m512i, signed char>(mask, from)
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, from) by_simde::maskz_loadu<simde__m512, float>(mask, from)
#undef _mm512_mask_storeu_epi8
#define _mm512_mask_storeu_epi8(to, mask, a) by_simde::mask_storeu_epi8(to, mask, a)
#undef _mm512_cmpgt_epu16_mask
#define _mm512_cmpgt_epu16_mask(a, b) by_simde::cmpgt_epu16_mask(a, b)
#undef _mm512_mask_sub_epi16
#define _mm512_mask_sub_epi16(src, mask, a, b) by_simde::mask_sub_epi16(src, mask, a, b)
#undef _mm512_reduce_add_epi32
#define _mm512_reduce_add_epi32(a) by_simde::reduce_add_epi32(a)
#undef _mm512_sra_epi32
#define _mm512_sra_epi32(a, count) by_simde::sra_epi32(a, count)
#undef _mm512_srai_epi32
#define _mm512_srai_epi32(a, count) by_simde::sra_epi32(a, _mm_cvtsi32_si128(count))
#undef _mm512_cvtepi8_epi32
#define _mm512_cvtepi8_epi32(a) by_simde::lanes<simde__m512i, int>(by_simde::Lanes<signed char, __m128i>(a))
#undef _mm512_cvtepi16_epi32
#define _mm512_cvtepi16_epi32(a) by_simde::lanes<simde__m512i, int>(by_simde::Lanes<short, __m256i>(a))
#undef _mm512_cvtepi32_epi64
#define _mm512_cvtepi32_epi64(a) by_simde::lanes<simde__m512i, long long>(by_simde::Lanes<int, __m256i>(a))
#undef _mm512_cvtepi32_epi8
#define _mm512_cvtepi32_epi8(a) by_simde::lanes<__m128i, signed char>(by_simde::Lanes<int, simde__m512i>(a))
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps(a) by_simde::lanes<simde__m512, float>(by_simde::Lanes<int, simde__m512i>(a))
#undef _mm512_cvttps_epi32
#define _mm512_cvttps_epi32(a) by_simde::lanes<simde__m512i, int>(by_simde::Lanes<float, simde__m512>(a))
#undef _mm512_cvt_roundps_epi32
#define _mm512_cvt_roundps_epi32(a, rounding) by_simde::cvt_roundps_epi32(a)
#undef _mm512_cvtepi64_epi16
#define _mm512_cvtepi64_epi16(a) by_simde::lanes<__m128i, short>(by_simde::Lanes<long long, simde__m512i>(a))
#undef _mm512_cvtph_ps
#define _mm512_cvtph_ps(a) by_simde::cvtph_ps(a)
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph(a, rounding) by_simde::cvtps_ph(a)

#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512VL__ 1
#define __AVX512DQ__ 1
#define __AVX512VPOPCNTDQ__ 1
#define __AVX512VNNI__ 1
