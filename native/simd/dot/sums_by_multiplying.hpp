// Sums of products of four columns without dot products: sums of 16 bits of each product of a group, SMLAL and SMLAL2
// for 16 products, since 128 groups of products of at most 128 fit; where they do not fit, SMULL, SMULL2 and two
// SADALP.
#pragma once

#include <arm_neon.h>

#include "tiles.hpp"

namespace linocut::LINOCUT_NS {

// A sum has the products of four columns: columns' bytes times the four bytes in lane L of `fours`.
inline constexpr int dot_vectors = vector_registers / 16;

template <int L>
inline int8x8_t lane_of(int8x16_t fours) {
    const int32x4_t lanes = vreinterpretq_s32_s8(fours);
    return vreinterpret_s8_s32(vdup_lane_s32(L < 2 ? vget_low_s32(lanes) : vget_high_s32(lanes), L % 2));
}

// Of products of which one factor is at most 1 in size.
struct NarrowSum {
    int16x8_t low = vdupq_n_s16(0), high = vdupq_n_s16(0);
    static_assert(chunk_groups * 128 <= 32767);

    template <int L>
    void add(int8x16_t columns, int8x16_t fours) {
        low = vmlal_s8(low, vget_low_s8(columns), lane_of<L>(fours));
        high = vmlal_s8(high, vget_high_s8(columns), lane_of<L>(fours));
    }
    int32x4_t total() const { return add_pairs(vpaddlq_s16(low), vpaddlq_s16(high)); }
};

struct WideSum {
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);

    template <int L>
    void add(int8x16_t columns, int8x16_t fours) {
        low = vpadalq_s16(low, vmull_s8(vget_low_s8(columns), lane_of<L>(fours)));
        high = vpadalq_s16(high, vmull_s8(vget_high_s8(columns), lane_of<L>(fours)));
    }
    int32x4_t total() const { return add_pairs(low, high); }
};

}  // namespace linocut::LINOCUT_NS
