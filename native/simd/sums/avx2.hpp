// Sums of bytes, by products with 1.
#pragma once

#include "../bits/masks_of.hpp"

namespace linocut::LINOCUT_NS {

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
    __m256i sum = _mm256_setzero_si256();
    for (i64 i = 0; i < n; i += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    alignas(32) i32 lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), sum);
    return lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
}

// sums[c] += the sum over all groups of the signed bytes of 64 columns of interleaved rows.
inline void sum_columns(const u8* from, i64 groups, i64 group_stride, i32* sums) {
    for (i64 c = 0; c < segment; c += 8) {
        __m256i total = load_whole(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            const __m256i pairs =
                _mm256_maddubs_epi16(_mm256_set1_epi8(1), load_whole(from + g * group_stride + 4 * c));
            total = _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + c), total);
    }
}

// What packing panels for dot products costs more than ChosenBytes' sums of these rows.
inline constexpr i64 few_rows = 3;

// Sums of bytes, 64 at a time, whose bits are 1.
struct ChosenBytes {
    __m256i sums = _mm256_setzero_si256();

    void add(const u8* bytes, u64 bits) {
        for (int half = 0; half < 2; ++half) {
            const __m256i masks = masks_of(static_cast<u32>(bits >> (32 * half)));
            const __m256i chosen = _mm256_and_si256(load_whole(bytes + 32 * half), masks);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(chosen, _mm256_setzero_si256()));
        }
    }
    i32 total() const {
        const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        return static_cast<i32>(_mm_extract_epi64(two, 0) + _mm_extract_epi64(two, 1));
    }
};

}  // namespace linocut::LINOCUT_NS
