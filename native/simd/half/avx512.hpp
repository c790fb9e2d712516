// 16-bit floats, sixteen at a time: what is read as one vector should be written as one.
#pragma once

#include "f16c.hpp"

namespace linocut::LINOCUT_NS {

inline void from_halves(const u16* in, i64 n, float* out) {
    i64 i = 0;
    for (; i + 16 <= n; i += 16) {
        _mm512_storeu_ps(out + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i))));
    }
    from_halves_by_eight(in + i, n - i, out + i);
}

inline void to_halves(const float* in, i64 n, u16* out) {
    i64 i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256i halves = _mm512_cvtps_ph(_mm512_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), halves);
    }
    to_halves_by_eight(in + i, n - i, out + i);
}

}  // namespace linocut::LINOCUT_NS
