// Bits as masks of 32 bytes.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// Bit i -> byte i, -1 or 0.
inline __m256i masks_of(u32 bits) {
    const __m256i octets = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i places = _mm256_set1_epi64x(static_cast<i64>(0x8040201008040201u));
    const __m256i copied = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<i32>(bits)), octets);
    return _mm256_cmpeq_epi8(_mm256_and_si256(copied, places), places);
}

}  // namespace linocut::LINOCUT_NS
