// Sums of products of four columns by SDOT. Limit: one for 16 products.
#pragma once

#include <arm_neon.h>

#include "tiles.hpp"

namespace linocut::LINOCUT_NS {

// A sum has the products of four columns: columns' bytes times the four bytes in lane L of `fours`.
inline constexpr int dot_vectors = 4;

struct WideSum {
    int32x4_t sums = vdupq_n_s32(0);

    template <int L>
    void add(int8x16_t columns, int8x16_t fours) {
        sums = vdotq_laneq_s32(sums, columns, fours, L);
    }
    int32x4_t total() const { return sums; }
};
using NarrowSum = WideSum;

}  // namespace linocut::LINOCUT_NS
