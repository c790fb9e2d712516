// Sums of bytes.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
    i32 sum = 0;
    for (i64 i = 0; i < n; ++i) sum += static_cast<i8>(from[i]);
    return sum;
}

// sums[c] += the sum over all groups of the signed bytes of 64 columns of interleaved rows.
inline void sum_columns(const u8* from, i64 groups, i64 group_stride, i32* sums) {
    for (i64 g = 0; g < groups; ++g) {
        const i8* at = reinterpret_cast<const i8*>(from + g * group_stride);
        for (i64 c = 0; c < segment; ++c) sums[c] += at[4 * c] + at[4 * c + 1] + at[4 * c + 2] + at[4 * c + 3];
    }
}

}  // namespace linocut::LINOCUT_NS
