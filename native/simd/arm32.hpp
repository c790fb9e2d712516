// What NEON of 64-bit Arm has (arm64.hpp), on 32-bit Arm, which adds the pairs of 8 bytes at once.
#pragma once

#include <arm_neon.h>

#include "../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int vector_registers = 16;

inline uint8x16_t add_pairs(uint8x16_t a, uint8x16_t b) {
    return vcombine_u8(vpadd_u8(vget_low_u8(a), vget_high_u8(a)), vpadd_u8(vget_low_u8(b), vget_high_u8(b)));
}
inline int32x4_t add_pairs(int32x4_t a, int32x4_t b) {
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}
inline uint32_t add_all(uint32x4_t a) {
    const uint32x2_t two = vpadd_u32(vget_low_u32(a), vget_high_u32(a));
    return vget_lane_u32(vpadd_u32(two, two), 0);
}

}  // namespace linocut::LINOCUT_NS
