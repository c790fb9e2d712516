// The sums of eight vectors side by side, with AVX2.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// Number i is the sum of the eight of vector i.
inline __m256i sums_of_eight(const __m256i* eight) {
    const auto four = [&](int i) {  // two sums of each of four vectors
        return _mm256_hadd_epi32(_mm256_hadd_epi32(eight[i], eight[i + 1]),
                                 _mm256_hadd_epi32(eight[i + 2], eight[i + 3]));
    };
    const __m256i low = four(0), high = four(4);
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
}

}  // namespace linocut::LINOCUT_NS
