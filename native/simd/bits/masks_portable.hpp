// Masks of 64 elements and bits, through bytes: pack_flags and expand_bits are the set's.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

u64 pack_flags(const u8* flags);
void expand_bits(u64 bits, u8* bytes);

// masks[i] is 0 or -1 -> bit i.
template <class T>
inline u64 pack_masks(const T* masks) {
    alignas(64) u8 flags[segment];
    for (i64 i = 0; i < segment; ++i) flags[i] = static_cast<u8>(masks[i]);
    return pack_flags(flags);
}

// Bit i -> masks[i], -1 or 0.
inline void expand_masks(u64 bits, i8* masks) {
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) masks[i] = static_cast<i8>(-ones[i]);
}

inline void expand_masks(u64 bits, i16* masks) {
    typedef i16 Eight __attribute__((vector_size(16)));
    const Eight single = {1, 2, 4, 8, 16, 32, 64, 128};
    for (int octet = 0; octet < 8; ++octet) {
        const i16 copied = static_cast<i16>(bits >> (8 * octet));
        const Eight found = ((Eight{} + copied) & single) == single;
        std::memcpy(masks + 8 * octet, &found, sizeof found);
    }
}

}  // namespace linocut::LINOCUT_NS
