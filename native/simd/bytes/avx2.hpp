// 32 bytes side by side.
#pragma once

#include "../bits/masks_of.hpp"

namespace linocut::LINOCUT_NS {

struct Bytes {
    static constexpr bool usable = true;
    static constexpr i64 count = 32;
    using V = __m256i;

    static V load(const void* from) { return load_whole(from); }
    static void store(void* to, V v) { store_whole(to, v); }
    static V zero() { return _mm256_setzero_si256(); }
    static V all(i8 number) { return _mm256_set1_epi8(number); }
    // Bit i -> byte i, -1 or 0.
    static V masks(u64 bits) { return masks_of(static_cast<u32>(bits)); }
    static V both(V a, V b) { return _mm256_and_si256(a, b); }
    static V differing(V a, V b) { return _mm256_xor_si256(a, b); }
    // b where the mask is -1, else a.
    static V choose(V a, V b, V mask) { return _mm256_blendv_epi8(a, b, mask); }
    static V subtract(V a, V b) { return _mm256_sub_epi8(a, b); }
    static V larger(V a, V b) { return _mm256_max_epi8(a, b); }
    static V smaller(V a, V b) { return _mm256_min_epi8(a, b); }

    // Bytes of two vectors side by side: of bytes 0 to 7 and 16 to 23, or of the others.
    template <bool others>
    static V beside(V a, V b) {
        return others ? _mm256_unpackhi_epi8(a, b) : _mm256_unpacklo_epi8(a, b);
    }
    // sum + products of neighbours, unsigned with signed, two added: 16 numbers of 16 bits.
    static V add_pairs(V sum, V sizes, V numbers) {
        return _mm256_add_epi16(sum, _mm256_maddubs_epi16(sizes, numbers));
    }
    // to[i] += the 16 numbers of such a sum.
    static void add_to(i32* to, V sum) {
        store(to, _mm256_add_epi32(load(to), _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum))));
        store(to + 8, _mm256_add_epi32(load(to + 8), _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum, 1))));
    }
};

}  // namespace linocut::LINOCUT_NS
