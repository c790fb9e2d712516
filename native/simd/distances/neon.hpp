// Products of bits by NEON. Limit: popcount of bytes, XOR and addition, 3 instructions for 128 MACs.
#pragma once

#include <arm_neon.h>

#include "../../kernels/unroll.hpp"
#include "interleaved.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr int panel_rows_at_once = 4;  // eight outputs after the other
inline constexpr i64 byte_steps = 31;         // words whose popcounts, at most 8 a byte, sum to a byte

// Eight bytes of each of eight columns -> their sums.
inline uint16x8_t sum_of_eights(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    return vpaddq_u16(vpaddq_u16(vpaddlq_u8(a), vpaddlq_u8(b)), vpaddq_u16(vpaddlq_u8(c), vpaddlq_u8(d)));
}

// Those of eight outputs, over at most `byte_steps` words.
template <int R, i64 Width>
inline void subtract_from_eight(const u64* const* x, i64 first, const u64* panel, i64 count, i64 column,
                                i32 (*products)[Width]) {
    uint8x16_t sums[R][4];
    unrolled<4 * R>([&](auto i) { sums[i / 4][i % 4] = vdupq_n_u8(0); });
    for (i64 w = 0; w < count; ++w) {
        uint64x2_t b[4];
        unrolled<4>([&](auto v) { b[v] = vld1q_u64(panel + w * Width + column + 2 * v); });
        unrolled<R>([&](auto i) {
            const uint64x2_t a = vdupq_n_u64(x[i][first + w]);
            unrolled<4>(
                [&](auto v) { sums[i][v] = vaddq_u8(sums[i][v], vcntq_u8(vreinterpretq_u8_u64(veorq_u64(a, b[v])))); });
        });
    }
    unrolled<R>([&](auto i) {
        const uint16x8_t sum = sum_of_eights(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
        const auto subtract = [](i32* at, uint16x4_t distances) {
            vst1q_s32(at, vsubq_s32(vld1q_s32(at), vreinterpretq_s32_u32(vshll_n_u16(distances, 1))));
        };
        subtract(products[i] + column, vget_low_u16(sum));
        subtract(products[i] + column + 4, vget_high_u16(sum));
    });
}

template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64, i32 (*products)[Width]) {
    for (i64 run = 0; run < words.runs; ++run) {
        for (i64 w = 0; w < words.count; w += byte_steps) {
            const u64* at = panel + (run * words.panel_step + w) * Width;
            for (i64 c = 0; c < Width; c += 8) {
                const i64 count = least(byte_steps, words.count - w);
                subtract_from_eight<R, Width>(x, run * words.x_step + w, at, count, c, products);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::distances
