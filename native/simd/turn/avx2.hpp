// Columns of exact sums as rows of gradients, with AVX2.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// gradients[j][c] = times sums[c][column + j] - less[column + j], which fits 32 bits though its parts may not, for
// j < 8 and c < n, and perhaps up to seven more c; `times` is 1 or 2.
template <int times = 2, i64 Width>
inline void turn_eight(const i32 (*sums)[Width], i64 column, const i32* less, i64 n, i32 (*gradients)[segment]) {
    for (i64 c = 0; c < n; c += 8) {
        __m256i r[8], pairs[8], fours[8];
        unrolled<8>([&](auto k) { r[k] = load_whole(sums[c + k] + column); });
        unrolled<4>([&](auto k) {
            pairs[2 * k] = _mm256_unpacklo_epi32(r[2 * k], r[2 * k + 1]);
            pairs[2 * k + 1] = _mm256_unpackhi_epi32(r[2 * k], r[2 * k + 1]);
        });
        // fours[4 h + j % 4] holds rows 4 h to 4 h + 3 of column j % 4, and in its upper half of column j % 4 + 4.
        unrolled<4>([&](auto k) {
            const int h = k / 2, from = 4 * h + k % 2;
            fours[4 * h + 2 * (k % 2)] = _mm256_unpacklo_epi64(pairs[from], pairs[from + 2]);
            fours[4 * h + 2 * (k % 2) + 1] = _mm256_unpackhi_epi64(pairs[from], pairs[from + 2]);
        });
        unrolled<8>([&](auto j) {
            const __m256i both = _mm256_permute2x128_si256(fours[j % 4], fours[4 + j % 4], j < 4 ? 0x20 : 0x31);
            const __m256i sums_of_eight = times == 2 ? _mm256_add_epi32(both, both) : both;
            store_whole(gradients[j] + c, _mm256_sub_epi32(sums_of_eight, _mm256_set1_epi32(less[column + j])));
        });
    }
}

}  // namespace linocut::LINOCUT_NS
