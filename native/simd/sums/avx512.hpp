// Sums of bytes, by dot products with 1.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
    __m512i sum = _mm512_setzero_si512();
    for (i64 i = 0; i < n; i += 64) sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(from + i));
    return _mm512_reduce_add_epi32(sum);
}

// sums[c] += the sum over all groups of the signed bytes of 64 columns of interleaved rows.
inline void sum_columns(const u8* from, i64 groups, i64 group_stride, i32* sums) {
    for (i64 c = 0; c < segment; c += 16) {
        __m512i total = _mm512_loadu_si512(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            total =
                _mm512_dpbusd_epi32(total, _mm512_set1_epi8(1), _mm512_loadu_si512(from + g * group_stride + 4 * c));
        }
        _mm512_storeu_si512(sums + c, total);
    }
}

// What packing panels for dot products costs more than ChosenBytes' sums of these rows.
inline constexpr i64 few_rows = 16;

// Sums of bytes, 64 at a time, whose bits are 1.
struct ChosenBytes {
    __m512i sums = _mm512_setzero_si512();

    void add(const u8* bytes, u64 bits) {
        sums = _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(bytes), _mm512_maskz_set1_epi8(bits, 1));
    }
    i32 total() const { return _mm512_reduce_add_epi32(sums); }
};

}  // namespace linocut::LINOCUT_NS
