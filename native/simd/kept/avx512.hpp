// Words of which some lanes are kept, by AVX-512, which counts the bits of words.
#pragma once

#include "../x86.hpp"
#include "run.hpp"

namespace linocut::LINOCUT_NS::kept {

// The bits of x in the places of the ones of a mask, side by side.
inline u64 compress(u64 x, u64 mask) { return _pext_u64(x, mask); }

// ones[m] = kept lanes of all words of a run in which x of pixel m and the signs differ.
inline void count(const Planes* planes, const Run& run, i32* ones) {
    constexpr int vectors = pixels / 8;
    constexpr int differ_and_kept = 0x28;  // (a ^ b) & c
    __m512i sums[vectors] = {};
    for (i64 e = 0; e < run.count; ++e) {
        const u64* x = planes[run.place(e)];
        const __m512i sign = _mm512_set1_epi64(static_cast<i64>(run.signs[e]));
        const __m512i lanes = _mm512_set1_epi64(static_cast<i64>(run.lanes[e]));
        for (int v = 0; v < vectors; ++v) {
            const __m512i bits = _mm512_ternarylogic_epi64(_mm512_loadu_si512(x + 8 * v), sign, lanes, differ_and_kept);
            sums[v] = _mm512_add_epi64(sums[v], _mm512_popcnt_epi64(bits));
        }
    }
    for (int v = 0; v < vectors; ++v)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(ones + 8 * v), _mm512_cvtepi64_epi32(sums[v]));
}

}  // namespace linocut::LINOCUT_NS::kept
