// Tiles of products of bytes by NEON, with sums (NarrowSum, WideSum) by dot products or by multiplying.
//
// NEON multiplies signed bytes with signed ones. Bits are both; of any other unsigned byte u, u - 128 is multiplied,
// and what that leaves out, 128 times the sum of the other factor, is added at the end.
#pragma once

#include <arm_neon.h>

#include "../../kernels/unroll.hpp"
#include "tiles.hpp"
#include "used_portable.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr bool biased_rows = false;
struct FarDots {
    static constexpr bool usable = false;
};

inline constexpr int dot_rows = 4, sparse_rows = dot_rows;

template <bool first, class A, class B>
struct Choice {
    using Type = A;
};
template <class A, class B>
struct Choice<false, A, B> {
    using Type = B;
};

// Four bytes of each of M rows, one row a lane.
template <int M>
inline uint8x16_t load_fours(ByteRows rows, i64 group) {
    const u8* at = rows.data + group * rows.group_stride;
    if (M == 4 && rows.row_stride == 4) return vld1q_u8(at);
    uint32x4_t lanes = vdupq_n_u32(load_four(at));
    if constexpr (M > 1) lanes = vsetq_lane_u32(load_four(at + rows.row_stride), lanes, 1);
    if constexpr (M > 2) lanes = vsetq_lane_u32(load_four(at + 2 * rows.row_stride), lanes, 2);
    if constexpr (M > 3) lanes = vsetq_lane_u32(load_four(at + 3 * rows.row_stride), lanes, 3);
    return vreinterpretq_u8_u32(lanes);
}

// u - 128 of unsigned bytes as signed ones; what is signed already stays.
template <bool Unsigned>
inline int8x16_t as_signed(uint8x16_t bytes) {
    return vreinterpretq_s8_u8(Unsigned ? veorq_u8(bytes, vdupq_n_u8(0x80)) : bytes);
}

// Bits are signed bytes too, so that it does not matter which factor they are.
template <int M, Signed S, Range W, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 columns_wanted, Into into,
                      i32 (*tile)[tile_columns]) {
    constexpr bool bits = W == Range::bits;
    constexpr bool shifted_rows = S == Signed::panel && !bits, shifted_panel = S == Signed::rows && !bits;
    constexpr int V = dot_vectors;
    using Sum = typename Choice<bits, NarrowSum, WideSum>::Type;
    const int8x16_t least_byte = vdupq_n_s8(-128);
    for (int c = 0; c < columns_wanted; c += 4 * V) {
        Sum sums[M][V];
        WideSum of_columns[V], of_rows[M];  // times -128
        for (i64 i = 0; i < groups.count; ++i) {
            const i64 g = groups[i];
            const int8x16_t fours = as_signed<shifted_rows>(load_fours<M>(rows, g));
            int8x16_t columns[V];
            unrolled<V>([&](auto v) { columns[v] = as_signed<shifted_panel>(vld1q_u8(panel[g][c + 4 * v])); });
            unrolled<M>([&](auto m) {
                constexpr int lane = m;
                unrolled<V>([&](auto v) { sums[m][v].template add<lane>(columns[v], fours); });
                if constexpr (shifted_panel) of_rows[m].template add<lane>(least_byte, fours);
            });
            if constexpr (shifted_rows) {
                unrolled<V>([&](auto v) { of_columns[v].template add<0>(columns[v], least_byte); });
            }
        }
        unrolled<M>([&](auto m) {
            unrolled<V>([&](auto v) {
                i32* at = tile[m] + c + 4 * v;
                int32x4_t total = sums[m][v].total();
                if constexpr (shifted_rows) total = vsubq_s32(total, of_columns[v].total());
                if constexpr (shifted_panel) total = vsubq_s32(total, of_rows[m].total());
                if constexpr (Into::of_signs) total = vaddq_s32(vshlq_n_s32(total, 1), vdupq_n_s32(into.start(m)));
                vst1q_s32(at, into.fresh ? total : vaddq_s32(total, vld1q_s32(at)));
            });
        });
    }
}

}  // namespace linocut::LINOCUT_NS
