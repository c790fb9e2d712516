// 16-bit floats by F16C, rounded to nearest even.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

inline float from_half(u16 half) { return _cvtsh_ss(half); }
inline u16 to_half(float value) { return static_cast<u16>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

// Sixteen at a time where vectors have as many: what is read as one vector should be written as one.
inline void from_halves(const u16* in, i64 n, float* out) {
    i64 i = 0;
#ifdef __AVX512F__
    for (; i + 16 <= n; i += 16) {
        _mm512_storeu_ps(out + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i))));
    }
#endif
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
    }
    for (; i < n; ++i) out[i] = from_half(in[i]);
}

inline void to_halves(const float* in, i64 n, u16* out) {
    i64 i = 0;
#ifdef __AVX512F__
    for (; i + 16 <= n; i += 16) {
        const __m256i halves = _mm512_cvtps_ph(_mm512_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), halves);
    }
#endif
    for (; i + 8 <= n; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), halves);
    }
    for (; i < n; ++i) out[i] = to_half(in[i]);
}

}  // namespace linocut::LINOCUT_NS
