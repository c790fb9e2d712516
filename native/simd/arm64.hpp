// What NEON of 64-bit Arm has, and that of 32 bits has otherwise (arm32.hpp): sums of neighbours, those of `a`, then
// those of `b`.
#pragma once

#include <arm_neon.h>

#include "../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int vector_registers = 32;

inline uint8x16_t add_pairs(uint8x16_t a, uint8x16_t b) { return vpaddq_u8(a, b); }
inline int32x4_t add_pairs(int32x4_t a, int32x4_t b) { return vpaddq_s32(a, b); }
inline uint32_t add_all(uint32x4_t a) { return vaddvq_u32(a); }

}  // namespace linocut::LINOCUT_NS
