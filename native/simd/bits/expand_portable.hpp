// 64 bits as bytes, by arithmetic on words.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// Bit i -> bytes[i], 1 or 0.
inline void expand_bits(u64 bits, u8* bytes) {
    for (int octet = 0; octet < 8; ++octet) {
        const u64 eight = (bits >> (8 * octet)) & 0xFFu;
        // Copies the octet to every byte, keeps a different bit in each, and makes it 1 or 0.
        const u64 spread = (eight * 0x0101010101010101u) & 0x8040201008040201u;
        const u64 ones = ((spread + 0x7F7F7F7F7F7F7F7Fu) >> 7) & 0x0101010101010101u;
        std::memcpy(bytes + 8 * octet, &ones, 8);
    }
}

}  // namespace linocut::LINOCUT_NS
