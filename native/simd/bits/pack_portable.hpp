// 64 flags as bits, by arithmetic on words.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) {
    u64 bits = 0;
    for (int octet = 0; octet < 8; ++octet) {
        u64 bytes;
        std::memcpy(&bytes, flags + 8 * octet, 8);
        // Gathers the lowest bit of each byte into the top byte.
        bits |= (((bytes & 0x0101010101010101u) * 0x0102040810204080u) >> 56) << (8 * octet);
    }
    return bits;
}

}  // namespace linocut::LINOCUT_NS
