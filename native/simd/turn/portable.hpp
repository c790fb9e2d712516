// Columns of exact sums as rows of gradients.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// gradients[j][c] = times sums[c][column + j] - less[column + j], which fits 32 bits though its parts may not, for
// j < 8 and c < n, and perhaps up to seven more c; `times` is 1 or 2.
template <int times = 2, i64 Width>
inline void turn_eight(const i32 (*sums)[Width], i64 column, const i32* less, i64 n, i32 (*gradients)[segment]) {
    for (i64 j = 0; j < 8; ++j) {
        for (i64 c = 0; c < n; ++c) {
            const u32 sum = u32{times} * static_cast<u32>(sums[c][column + j]);
            gradients[j][c] = static_cast<i32>(sum - static_cast<u32>(less[column + j]));
        }
    }
}

}  // namespace linocut::LINOCUT_NS
