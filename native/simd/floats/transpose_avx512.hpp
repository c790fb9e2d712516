// Small transposes of floats, by AVX-512.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 transposed_rows = 16;

// out[k][column + c] = rows[c][at + k]: sixteen rows of four floats -> four columns of them. A quarter of a vector
// holds what four rows give, so that only pairs within quarters change places.
template <i64 Width>
inline void transpose_rows(const float* const* rows, i64 at, float (*out)[Width], i64 column) {
    const auto quarters = [&](int c) {
        __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(rows[c] + at));
        v = _mm512_insertf32x4(v, _mm_loadu_ps(rows[c + 4] + at), 1);
        v = _mm512_insertf32x4(v, _mm_loadu_ps(rows[c + 8] + at), 2);
        return _mm512_insertf32x4(v, _mm_loadu_ps(rows[c + 12] + at), 3);
    };
    const __m512 a = quarters(0), b = quarters(1), c = quarters(2), d = quarters(3);
    const __m512d low_ab = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    const __m512d high_ab = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
    const __m512d low_cd = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
    const __m512d high_cd = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
    _mm512_storeu_ps(out[0] + column, _mm512_castpd_ps(_mm512_unpacklo_pd(low_ab, low_cd)));
    _mm512_storeu_ps(out[1] + column, _mm512_castpd_ps(_mm512_unpackhi_pd(low_ab, low_cd)));
    _mm512_storeu_ps(out[2] + column, _mm512_castpd_ps(_mm512_unpacklo_pd(high_ab, high_cd)));
    _mm512_storeu_ps(out[3] + column, _mm512_castpd_ps(_mm512_unpackhi_pd(high_ab, high_cd)));
}

}  // namespace linocut::LINOCUT_NS
