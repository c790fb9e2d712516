// Between 64 bits and masks of 64 elements.
#pragma once

#include "masks_of.hpp"

namespace linocut::LINOCUT_NS {

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) {
    const u32 low = static_cast<u32>(_mm256_movemask_epi8(load_whole(flags)));
    const u32 high = static_cast<u32>(_mm256_movemask_epi8(load_whole(flags + 32)));
    return low | static_cast<u64>(high) << 32;
}

// masks[i] is 0 or -1 -> bit i.
template <class T>
inline u64 pack_masks(const T* masks) {
    // 32 bytes; packing within 128-bit lanes leaves their fours out of order.
    const auto bytes_of = [](const T* from) {
        if constexpr (sizeof(T) == 2) {
            return _mm256_permute4x64_epi64(_mm256_packs_epi16(load_whole(from), load_whole(from + 16)), 0xD8);
        } else {
            const __m256i low = _mm256_packs_epi32(load_whole(from), load_whole(from + 8));
            const __m256i high = _mm256_packs_epi32(load_whole(from + 16), load_whole(from + 24));
            return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high),
                                               _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        }
    };
    const auto bits_of = [&](const T* from) { return static_cast<u32>(_mm256_movemask_epi8(bytes_of(from))); };
    return bits_of(masks) | static_cast<u64>(bits_of(masks + 32)) << 32;
}

// Bit i -> masks[i], -1 or 0.
inline void expand_masks(u64 bits, i8* masks) {
    for (int half = 0; half < 2; ++half)
        store_whole(masks + 32 * half, masks_of(static_cast<u32>(bits >> (32 * half))));
}

inline void expand_masks(u64 bits, i16* masks) {
    const __m256i single = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
                                             static_cast<i16>(0x8000));
    for (int quarter = 0; quarter < 4; ++quarter) {
        const __m256i sixteen = _mm256_set1_epi16(static_cast<i16>(bits >> (16 * quarter)));
        store_whole(masks + 16 * quarter, _mm256_cmpeq_epi16(_mm256_and_si256(sixteen, single), single));
    }
}

}  // namespace linocut::LINOCUT_NS
