// Products of complex bits by NEON, which counts the bits of bytes: two outputs in a vector.
#pragma once

#include <arm_neon.h>

#include "kept_apart.hpp"

namespace linocut::LINOCUT_NS::complex_bits {

inline constexpr i64 columns = 16;
inline constexpr int rows_at_once = 1;
inline constexpr i64 byte_words = 31;  // whose counts, at most 8 a byte, sum to one

template <int R>
inline void count(const u64* const* x, const u64* panel, i64 words, i32 (*p)[columns], i32 (*q)[columns]) {
    const auto bits = [](uint64x2_t word) { return vcntq_u8(vreinterpretq_u8_u64(word)); };
    const auto add = [](i32* to, uint8x16_t bytes) {
        const uint64x2_t sums = vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(bytes)));
        to[0] += static_cast<i32>(vgetq_lane_u64(sums, 0));
        to[1] += static_cast<i32>(vgetq_lane_u64(sums, 1));
    };
    for (int i = 0; i < R; ++i) {
        for (i64 first = 0; first < words; first += byte_words) {
            const i64 last = least(words, first + byte_words);
            for (i64 c = 0; c < columns; c += 2) {
                uint8x16_t ps = vdupq_n_u8(0), qs = vdupq_n_u8(0);
                for (i64 w = first; w < last; ++w) {
                    const u64 *at = panel + w * word_panel + c, *of = x[i] + w * x_words;
                    const uint64x2_t chosen = vld1q_u64(reinterpret_cast<const uint64_t*>(at + 16));
                    const uint64x2_t both = veorq_u64(vld1q_u64(reinterpret_cast<const uint64_t*>(at)),
                                                      vandq_u64(vdupq_n_u64(of[2]), chosen));
                    ps = vaddq_u8(ps, bits(veorq_u64(both, vdupq_n_u64(of[0]))));
                    qs = vaddq_u8(qs, bits(veorq_u64(veorq_u64(both, vdupq_n_u64(of[1])), chosen)));
                }
                add(p[i] + c, ps);
                add(q[i] + c, qs);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_bits
