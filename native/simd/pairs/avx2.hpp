// Sums of products of 16-bit numbers, two neighbours at a time, by VPMADDWD.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int pair_rows = 2;  // rows of factors side by side, whose sums registers hold

// Sixteen sums of 32 bits: lane l has those of numbers 2 l and 2 l + 1 of 32.
struct PairSums {
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();

    struct Numbers {
        __m256i low, high;
    };
    static Numbers load(const i16* from) { return {load_whole(from), load_whole(from + 16)}; }
    void add(const Numbers& a, const Numbers& b) {
        low = _mm256_add_epi32(low, _mm256_madd_epi16(a.low, b.low));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(a.high, b.high));
    }
    void add_to(i64* totals) const {
        add_four(totals, _mm256_castsi256_si128(low));
        add_four(totals + 4, _mm256_extracti128_si256(low, 1));
        add_four(totals + 8, _mm256_castsi256_si128(high));
        add_four(totals + 12, _mm256_extracti128_si256(high, 1));
    }

  private:
    static void add_four(i64* totals, __m128i four) {
        const __m256i sum = _mm256_add_epi64(load_whole(totals), _mm256_cvtepi32_epi64(four));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(totals), sum);
    }
};

}  // namespace linocut::LINOCUT_NS
