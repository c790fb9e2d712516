// Words of which some lanes are kept, by AVX2 with BMI2: bits are counted by looking nibbles up.
#pragma once

#include "../x86.hpp"
#include "run.hpp"

namespace linocut::LINOCUT_NS::kept {

// The bits of x in the places of the ones of a mask, side by side.
inline u64 compress(u64 x, u64 mask) { return _pext_u64(x, mask); }

inline __m256i ones_of_bytes(__m256i bits) {
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2,
                                           2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15);
    return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(bits, low)),
                           _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
}

// ones[m] = kept lanes of all words of a run in which x of pixel m and the signs differ.
inline void count(const Planes* planes, const Run& run, i32* ones) {
    constexpr int vectors = pixels / 4;
    constexpr i64 most = 31;  // words whose counts fit a byte
    __m256i sums[vectors] = {};
    for (i64 first = 0; first < run.count; first += most) {
        __m256i bytes[vectors] = {};
        for (i64 e = first; e < least(first + most, run.count); ++e) {
            const u64* x = planes[run.place(e)];
            const __m256i sign = _mm256_set1_epi64x(static_cast<i64>(run.signs[e]));
            const __m256i lanes = _mm256_set1_epi64x(static_cast<i64>(run.lanes[e]));
            for (int v = 0; v < vectors; ++v) {
                const __m256i differ = _mm256_and_si256(_mm256_xor_si256(load_whole(x + 4 * v), sign), lanes);
                bytes[v] = _mm256_add_epi8(bytes[v], ones_of_bytes(differ));
            }
        }
        for (int v = 0; v < vectors; ++v)
            sums[v] = _mm256_add_epi64(sums[v], _mm256_sad_epu8(bytes[v], _mm256_setzero_si256()));
    }
    alignas(32) i64 found[pixels];
    for (int v = 0; v < vectors; ++v) store_whole(found + 4 * v, sums[v]);
    for (i64 m = 0; m < pixels; ++m) ones[m] = static_cast<i32>(found[m]);
}

}  // namespace linocut::LINOCUT_NS::kept
