// Products of bits by NEON. Limit: popcount of bytes, XOR and addition, 3 instructions for 128 MACs.
#pragma once

#include <arm_neon.h>

#include "../../kernels/unroll.hpp"
#include "interleaved.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr int panel_rows_at_once = 4;  // one group of outputs after the other
inline constexpr int group_vectors = vector_registers / 8, group_outputs = 2 * group_vectors;
inline constexpr i64 byte_steps = 31;  // words whose popcounts, at most 8 a byte, sum to a byte

// Eight bytes of each of four columns -> their sums.
inline uint16x4_t sum_of_eights(uint8x16_t a, uint8x16_t b) {
    const auto fours = [](uint8x16_t bytes) {
        const uint16x8_t pairs = vpaddlq_u8(bytes);
        return vpadd_u16(vget_low_u16(pairs), vget_high_u16(pairs));
    };
    return vpadd_u16(fours(a), fours(b));
}

// Those of a group of outputs, over at most `byte_steps` words.
template <int R, i64 Width>
inline void subtract_from_group(const u64* const* x, i64 first, const u64* panel, i64 count, i64 column,
                                i32 (*products)[Width]) {
    constexpr int V = group_vectors;
    uint8x16_t sums[R][V];
    unrolled<V * R>([&](auto i) { sums[i / V][i % V] = vdupq_n_u8(0); });
    for (i64 w = 0; w < count; ++w) {
        uint64x2_t b[V];
        unrolled<V>([&](auto v) { b[v] = vld1q_u64(panel + w * Width + column + 2 * v); });
        unrolled<R>([&](auto i) {
            const uint64x2_t a = vdupq_n_u64(x[i][first + w]);
            unrolled<V>(
                [&](auto v) { sums[i][v] = vaddq_u8(sums[i][v], vcntq_u8(vreinterpretq_u8_u64(veorq_u64(a, b[v])))); });
        });
    }
    unrolled<R>([&](auto i) {
        unrolled<V / 2>([&](auto half) {
            const uint16x4_t distances = sum_of_eights(sums[i][2 * half], sums[i][2 * half + 1]);
            i32* at = products[i] + column + 4 * half;
            vst1q_s32(at, vsubq_s32(vld1q_s32(at), vreinterpretq_s32_u32(vshll_n_u16(distances, 1))));
        });
    });
}

template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64 n, i32 (*products)[Width]) {
    const i64 outputs = least(Width, n);
    for (i64 run = 0; run < words.runs; ++run) {
        for (i64 w = 0; w < words.count; w += byte_steps) {
            const u64* at = panel + (run * words.panel_step + w) * Width;
            for (i64 c = 0; c < outputs; c += group_outputs) {
                const i64 count = least(byte_steps, words.count - w);
                subtract_from_group<R, Width>(x, run * words.x_step + w, at, count, c, products);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::distances
