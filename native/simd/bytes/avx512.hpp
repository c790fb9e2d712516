// 64 bytes side by side.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

struct Bytes {
    static constexpr bool usable = true;
    static constexpr i64 count = 64;
    using V = __m512i;

    static V load(const void* from) { return _mm512_loadu_si512(from); }
    static void store(void* to, V v) { _mm512_storeu_si512(to, v); }
    static V zero() { return _mm512_setzero_si512(); }
    static V all(i8 number) { return _mm512_set1_epi8(number); }
    // Bit i -> byte i, -1 or 0.
    static V masks(u64 bits) { return _mm512_movm_epi8(bits); }
    static V both(V a, V b) { return _mm512_and_si512(a, b); }
    static V differing(V a, V b) { return _mm512_xor_si512(a, b); }
    // b where the mask is -1, else a.
    static V choose(V a, V b, V mask) { return _mm512_ternarylogic_epi32(a, b, mask, 0xD8); }
    static V subtract(V a, V b) { return _mm512_sub_epi8(a, b); }
    static V larger(V a, V b) { return _mm512_max_epi8(a, b); }
    static V smaller(V a, V b) { return _mm512_min_epi8(a, b); }

    // Bytes of two vectors side by side: of the first eight of every sixteen, or of the others.
    template <bool others>
    static V beside(V a, V b) {
        return others ? _mm512_unpackhi_epi8(a, b) : _mm512_unpacklo_epi8(a, b);
    }
    // sum + products of neighbours, unsigned with signed, two added: 32 numbers of 16 bits.
    static V add_pairs(V sum, V sizes, V numbers) {
        return _mm512_add_epi16(sum, _mm512_maddubs_epi16(sizes, numbers));
    }
    // to[i] += the 32 numbers of such a sum.
    static void add_to(i32* to, V sum) {
        for (int half = 0; half < 2; ++half) {
            const __m256i numbers = half ? _mm512_extracti64x4_epi64(sum, 1) : _mm512_castsi512_si256(sum);
            store(to + 16 * half, _mm512_add_epi32(load(to + 16 * half), _mm512_cvtepi16_epi32(numbers)));
        }
    }
};

}  // namespace linocut::LINOCUT_NS
