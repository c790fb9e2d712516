// Small transposes of floats, by AVX2.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 transposed_rows = 8;

// out[k][column + c] = rows[c][at + k]: eight rows of four floats -> four columns of them. A half of a vector holds
// what four rows give, so that only pairs within halves change places.
template <i64 Width>
inline void transpose_rows(const float* const* rows, i64 at, float (*out)[Width], i64 column) {
    const auto halves = [&](int c) {
        return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows[c] + at)), _mm_loadu_ps(rows[c + 4] + at),
                                    1);
    };
    const __m256 a = halves(0), b = halves(1), c = halves(2), d = halves(3);
    const __m256d low_ab = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
    const __m256d high_ab = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
    const __m256d low_cd = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
    const __m256d high_cd = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
    _mm256_storeu_ps(out[0] + column, _mm256_castpd_ps(_mm256_unpacklo_pd(low_ab, low_cd)));
    _mm256_storeu_ps(out[1] + column, _mm256_castpd_ps(_mm256_unpackhi_pd(low_ab, low_cd)));
    _mm256_storeu_ps(out[2] + column, _mm256_castpd_ps(_mm256_unpacklo_pd(high_ab, high_cd)));
    _mm256_storeu_ps(out[3] + column, _mm256_castpd_ps(_mm256_unpackhi_pd(high_ab, high_cd)));
}

}  // namespace linocut::LINOCUT_NS
