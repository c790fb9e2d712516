// Sums of products of 16-bit numbers, two neighbours at a time, by AVX-512 VNNI.
#pragma once

#include "../vnni.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int pair_rows = 4;  // rows of factors side by side, whose sums registers hold

// Sixteen sums of 32 bits: lane l has those of numbers 2 l and 2 l + 1 of 32.
struct PairSums {
    Sums512 sums{};  // of this type, as vnni.hpp says why

    using Numbers = __m512i;
    static Numbers load(const i16* from) { return _mm512_loadu_si512(from); }
    void add(Numbers a, Numbers b) {
        sums = reinterpret_cast<Sums512>(_mm512_dpwssd_epi32(reinterpret_cast<__m512i>(sums), a, b));
    }
    void add_to(i64* totals) const {
        const __m512i all = reinterpret_cast<__m512i>(sums);
        add_eight(totals, _mm512_castsi512_si256(all));
        add_eight(totals + 8, _mm512_extracti64x4_epi64(all, 1));
    }

  private:
    static void add_eight(i64* totals, __m256i eight) {
        const __m512i sum = _mm512_add_epi64(_mm512_loadu_si512(totals), _mm512_cvtepi32_epi64(eight));
        _mm512_storeu_si512(totals, sum);
    }
};

}  // namespace linocut::LINOCUT_NS
