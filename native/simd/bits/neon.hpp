// Between 64 bits and 64 bytes.
#pragma once

#include <arm_neon.h>

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) {
    const uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
    const auto sixteen = [&](int i) { return vandq_u8(vld1q_u8(flags + 16 * i), places); };
    // Neighbours are added three times: the eight places of an octet meet in one byte.
    const uint8x16_t fours = add_pairs(add_pairs(sixteen(0), sixteen(1)), add_pairs(sixteen(2), sixteen(3)));
    return vgetq_lane_u64(vreinterpretq_u64_u8(add_pairs(fours, fours)), 0);
}

// The 16 lowest bits -> 16 bytes, 1 or 0.
inline uint8x16_t expand_sixteen(u64 bits) {
    const uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
    const uint8x16_t octets = vcombine_u8(vdup_n_u8(static_cast<u8>(bits)), vdup_n_u8(static_cast<u8>(bits >> 8)));
    return vshrq_n_u8(vtstq_u8(octets, places), 7);
}

// Bit i -> bytes[i], 1 or 0.
inline void expand_bits(u64 bits, u8* bytes) {
    for (int quarter = 0; quarter < 4; ++quarter)
        vst1q_u8(bytes + 16 * quarter, expand_sixteen(bits >> (16 * quarter)));
}

}  // namespace linocut::LINOCUT_NS
