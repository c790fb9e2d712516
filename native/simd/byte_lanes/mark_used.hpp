// Which columns of some rows of 64 bytes have anything but 0, with AVX2.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// Bit `bit` of octets[c] is set where one of N rows has anything but 0 in column c.
template <int N>
inline void mark_used_columns(const u8* const* rows, int bit, u8* octets) {
    const __m256i place = _mm256_set1_epi8(static_cast<i8>(1 << bit));
    for (i64 c = 0; c < segment; c += 32) {
        __m256i all = load_whole(rows[0] + c);
        for (i64 i = 1; i < N; ++i) all = _mm256_or_si256(all, load_whole(rows[i] + c));
        const __m256i unused = _mm256_cmpeq_epi8(all, _mm256_setzero_si256());
        store_whole(octets + c, _mm256_or_si256(load_whole(octets + c), _mm256_andnot_si256(unused, place)));
    }
}

}  // namespace linocut::LINOCUT_NS
