// 16-bit floats by F16C, rounded to nearest even: one, and eight at a time.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

inline float from_half(u16 half) { return _cvtsh_ss(half); }
inline u16 to_half(float value) { return static_cast<u16>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

inline void from_halves_by_eight(const u16* in, i64 n, float* out) {
    i64 i = 0;
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
    }
    for (; i < n; ++i) out[i] = from_half(in[i]);
}

inline void to_halves_by_eight(const float* in, i64 n, u16* out) {
    i64 i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), halves);
    }
    for (; i < n; ++i) out[i] = to_half(in[i]);
}

}  // namespace linocut::LINOCUT_NS
