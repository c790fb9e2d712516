// Small transposes of floats, by SSE.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// out[k][column + c] = rows[c][at + k]: four rows of four floats -> four columns of them.
template <i64 Width>
inline void transpose_four(const float* const* rows, i64 at, float (*out)[Width], i64 column) {
    __m128 a = _mm_loadu_ps(rows[0] + at), b = _mm_loadu_ps(rows[1] + at);
    __m128 c = _mm_loadu_ps(rows[2] + at), d = _mm_loadu_ps(rows[3] + at);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(out[0] + column, a);
    _mm_storeu_ps(out[1] + column, b);
    _mm_storeu_ps(out[2] + column, c);
    _mm_storeu_ps(out[3] + column, d);
}

}  // namespace linocut::LINOCUT_NS
