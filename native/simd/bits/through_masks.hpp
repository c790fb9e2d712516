// What bits say of 64 numbers, through pack_masks and expand_bits, which are the set's.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

template <class T>
u64 pack_masks(const T* masks);
void expand_bits(u64 bits, u8* bytes);

// values[i] >= bounds[i] -> bit i.
inline u64 bits_at_least(const i32* values, const i32* bounds) {
    alignas(32) i32 masks[segment];
    for (i64 i = 0; i < segment; ++i) masks[i] = values[i] >= bounds[i] ? -1 : 0;
    return pack_masks(masks);
}

// g[i] where bit i is 1, else 0.
inline void keep_floats(u64 bits, float* g) {
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) g[i] = ones[i] ? g[i] : 0.0f;
}

// Bit i -> +1 or -1.
inline void expand_signs(u64 bits, float* out) {
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) out[i] = static_cast<float>(2 * ones[i] - 1);
}

}  // namespace linocut::LINOCUT_NS
