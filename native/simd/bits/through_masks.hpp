// What bits say of 64 numbers, through pack_masks and expand_bits, which are the set's.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

template <class T>
u64 pack_masks(const T* masks);
void expand_bits(u64 bits, u8* bytes);
void expand_masks(u64 bits, i16* masks);

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

// out[i]: +- sizes[0] or [1] where `inside`, sizes[2] or [3] elsewhere, the former of two where `nearer`; whole
// numbers.
inline void expand_levels(u64 positive, u64 inside, u64 nearer, const float* sizes, float* out) {
    i16 below[segment], within[segment], halves[segment];
    expand_masks(~positive, below);
    expand_masks(inside, within);
    expand_masks(nearer, halves);
    i16 whole[4];
    for (int i = 0; i < 4; ++i) whole[i] = static_cast<i16>(sizes[i]);
    for (i64 c = 0; c < segment; ++c) {
        const i16 inner = static_cast<i16>(whole[1] ^ ((whole[0] ^ whole[1]) & halves[c]));
        const i16 outer = static_cast<i16>(whole[3] ^ ((whole[2] ^ whole[3]) & halves[c]));
        const i16 size = static_cast<i16>(outer ^ ((inner ^ outer) & within[c]));
        out[c] = static_cast<i16>((size ^ below[c]) - below[c]);
    }
}

// Bit i -> +1 or -1.
inline void expand_signs(u64 bits, float* out) {
    u8 ones[segment];
    expand_bits(bits, ones);
    for (i64 i = 0; i < segment; ++i) out[i] = static_cast<float>(2 * ones[i] - 1);
}

}  // namespace linocut::LINOCUT_NS
