// Small transposes of floats.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 transposed_rows = 4;

// out[k][column + c] = rows[c][at + k]: four rows of four floats -> four columns of them.
template <i64 Width>
inline void transpose_rows(const float* const* rows, i64 at, float (*out)[Width], i64 column) {
    for (i64 k = 0; k < 4; ++k) {
        for (i64 c = 0; c < transposed_rows; ++c) out[k][column + c] = rows[c][at + k];
    }
}

}  // namespace linocut::LINOCUT_NS
