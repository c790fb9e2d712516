// Fixed-point numbers of 16 and 32 bits in vectors of 512 bits; packing and unpacking as in avx2.hpp.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

struct Integers {
    static constexpr bool usable = true;
    static constexpr int shorts = 32, longs = 16;  // numbers of 16 and of 32 bits in a vector
    using V = __m512i;

    static V load(const void* from) { return _mm512_loadu_si512(from); }
    static void store(void* to, V v) { _mm512_storeu_si512(to, v); }
    static V zero() { return _mm512_setzero_si512(); }

    // --- 16 bits ---
    static V all_shorts(i16 number) { return _mm512_set1_epi16(number); }
    static V bytes_as_shorts(const i8* from) { return _mm512_cvtepi8_epi16(load_whole(from)); }
    // Numbers that bytes hold.
    static void store_bytes(i8* to, V shorts) { store_whole(to, _mm512_cvtepi16_epi8(shorts)); }
    static V unpack_low(V a, V b) { return _mm512_unpacklo_epi16(a, b); }
    static V unpack_high(V a, V b) { return _mm512_unpackhi_epi16(a, b); }
    // Products of neighbours, two added, in 32 bits.
    static V add_products(V a, V b) { return _mm512_madd_epi16(a, b); }
    static V subtract_shorts(V a, V b) { return _mm512_subs_epi16(a, b); }
    static V larger_shorts(V a, V b) { return _mm512_max_epi16(a, b); }
    static V sizes(V shorts) { return _mm512_abs_epi16(shorts); }  // unsigned
    static V larger_sizes(V a, V b) { return _mm512_max_epu16(a, b); }
    static bool any_above(V sizes, i16 limit) { return _mm512_cmpgt_epu16_mask(sizes, all_shorts(limit)) != 0; }
    static int count_above(V sizes, i16 limit) {
        return __builtin_popcount(_mm512_cmpgt_epu16_mask(sizes, all_shorts(limit)));
    }
    static int count_sign_changes(V a, V b) { return __builtin_popcount(_mm512_movepi16_mask(_mm512_xor_si512(a, b))); }

    // --- 32 bits ---
    static V all_longs(i32 number) { return _mm512_set1_epi32(number); }
    static V as_longs(const i8* from) {
        return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static V as_longs(const i16* from) { return _mm512_cvtepi16_epi32(load_whole(from)); }
    static V add(V a, V b) { return _mm512_add_epi32(a, b); }
    static V subtract(V a, V b) { return _mm512_sub_epi32(a, b); }
    static V multiply(V a, V b) { return _mm512_mullo_epi32(a, b); }
    static V shift_right(V a, int by) { return _mm512_sra_epi32(a, _mm_cvtsi32_si128(by)); }
    static V shift_right_unsigned(V a, int by) { return _mm512_srl_epi32(a, _mm_cvtsi32_si128(by)); }
    // `zeros` where g is 0, else `others`.
    static V choose_by_zero(V g, V zeros, V others) {
        return _mm512_mask_mov_epi32(zeros, _mm512_test_epi32_mask(g, g), others);
    }
    static V pack(V a, V b) { return _mm512_packs_epi32(a, b); }

    // The bytes, none below `least_byte`, of numbers that were packed from four vectors of 32 bits.
    static void store_packed_bytes(i8* to, V low, V high, i8 least_byte) {
        const V lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        const V in_order = _mm512_permutexvar_epi32(lanes, _mm512_packs_epi16(low, high));
        store(to, _mm512_max_epi8(in_order, _mm512_set1_epi8(least_byte)));
    }

    // The sum of the sizes of 64 numbers.
    static i64 sum_of_sizes(const i32* numbers) {
        const V half = all_longs(0xFFFF);
        V low = zero(), high = zero();
        for (int c = 0; c < segment; c += 16) {
            const V size = _mm512_abs_epi32(load(numbers + c));
            low = add(low, _mm512_and_si512(size, half));
            high = add(high, _mm512_srli_epi32(size, 16));
        }
        return (i64{_mm512_reduce_add_epi32(high)} << 16) + i64{_mm512_reduce_add_epi32(low)};
    }

    // out[c] = numbers[c] * unit, of 64, rounded by truncating what is positive and within +-127.
    static void scale(const i32* numbers, float unit, i8* out) {
        const __m512 by = _mm512_set1_ps(unit), limit = _mm512_set1_ps(127.0f), shift = _mm512_set1_ps(128.5f);
        for (int c = 0; c < segment; c += 16) {
            const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(load(numbers + c)), by);
            const __m512 within =
                _mm512_max_ps(_mm512_min_ps(scaled, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
            const V whole = subtract(_mm512_cvttps_epi32(_mm512_add_ps(within, shift)), all_longs(128));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(out + c), _mm512_cvtepi32_epi8(whole));
        }
    }
};

}  // namespace linocut::LINOCUT_NS
