// The blocks of dot8.hpp for NEON, with and without the dot-product instructions.
//
// NEON multiplies signed bytes with signed ones. Bits are both; of any other unsigned byte u, u - 128 is multiplied,
// and what that leaves out, 128 times the sum of the other factor, is added at the end. Limit: SDOT: one for 16
// products. Without: a sum of 16 bits of each product of a group, SMLAL and SMLAL2 for 16 products,
//        since 128 groups of products of at most 128 fit; where they do not fit, SMULL, SMULL2 and two SADALP.
#pragma once

namespace linocut::LINOCUT_NS {

inline constexpr int dot_rows = 4;

// A sum has the products of four columns: columns' bytes times the four bytes in lane L of `fours`.
#if defined(__ARM_FEATURE_DOTPROD)

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

#else

inline constexpr int dot_vectors = 2;

template <int L>
inline int8x8_t lane_of(int8x16_t fours) {
    return vreinterpret_s8_s32(vdup_laneq_s32(vreinterpretq_s32_s8(fours), L));
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
    int32x4_t total() const { return vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)); }
};

struct WideSum {
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);

    template <int L>
    void add(int8x16_t columns, int8x16_t fours) {
        low = vpadalq_s16(low, vmull_s8(vget_low_s8(columns), lane_of<L>(fours)));
        high = vpadalq_s16(high, vmull_s8(vget_high_s8(columns), lane_of<L>(fours)));
    }
    int32x4_t total() const { return vpaddq_s32(low, high); }
};

#endif

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
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                      i32 (*tile)[tile_columns]) {
    constexpr bool bits = W == Range::bits;
    constexpr bool shifted_rows = S == Signed::panel && !bits, shifted_panel = S == Signed::rows && !bits;
    constexpr int V = dot_vectors;
    using Sum = typename Choice<bits, NarrowSum, WideSum>::Type;
    const int8x16_t least_byte = vdupq_n_s8(-128);
    for (int c = 0; c < tile_columns; c += 4 * V) {
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
