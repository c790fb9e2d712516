// Fixed-point numbers of 16 and 32 bits in vectors of 512 bits; packing and unpacking as in avx2.hpp.
#pragma once

#include "sums_of_eight.hpp"

namespace linocut::LINOCUT_NS {

// The numbers of the lower halves of 32 longs, for VPERMT2W.
struct EvenShorts {
    alignas(64) i16 numbers[32];

    constexpr EvenShorts() : numbers() {
        for (int i = 0; i < 32; ++i) numbers[i] = static_cast<i16>(2 * i);
    }
};

struct Integers {
    static constexpr bool usable = true;
    static constexpr bool keeps_words = true;      // 32 registers hold a word's numbers and constants
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
    // Those that wrap around.
    static V plus(V a, V b) { return _mm512_add_epi16(a, b); }
    static V minus(V a, V b) { return _mm512_sub_epi16(a, b); }
    static V low_products(V a, V b) { return _mm512_mullo_epi16(a, b); }
    static V high_products(V a, V b) { return _mm512_mulhi_epi16(a, b); }
    // (a b + 2^14) >> 15.
    static V rounded_products(V a, V b) { return _mm512_mulhrs_epi16(a, b); }
    // high + 1 where low + more, without signs, does not fit 16 bits.
    static V carried(V high, V low, V more) {
        const __mmask32 carries = _mm512_cmpgt_epu16_mask(more, plus(low, more));
        return _mm512_mask_sub_epi16(high, carries, high, all_shorts(-1));
    }
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
    static V differing(V a, V b) { return _mm512_xor_si512(a, b); }
    template <int by>
    static V shifted_right(V a) {
        return _mm512_srli_epi32(a, by);
    }
    static V counting() { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
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

    // The sums of the sizes of eight times 64 numbers, which fit 32 bits.
    static void sums_of_sizes(const i32 (*numbers)[segment], u32* sums) {
        __m256i eight[8];
        unrolled<8>([&](auto i) {
            const auto size = [&](int c) { return _mm512_abs_epi32(load(numbers[i] + c)); };
            const V sum = add(add(size(0), size(16)), add(size(32), size(48)));
            eight[i] = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
        });
        store_whole(sums, sums_of_eight(eight));
    }

    // numbers[c] * unit, of as many as shorts, rounded by truncating what is positive and within +-127; products must
    // fit 16 bits.
    static V scaled(const i32* numbers, float unit) {
        const __m512 by = _mm512_set1_ps(unit), shift = _mm512_set1_ps(128.5f);
        const auto whole = [&](int c) {
            const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(load(numbers + c)), by);
            return _mm512_cvttps_epi32(_mm512_add_ps(product, shift));  // 1 to 255 are -127 to 127
        };
        const V both = _mm512_permutex2var_epi16(whole(0), even_shorts(), whole(16));
        return minus(larger_shorts(_mm512_min_epi16(both, all_shorts(255)), all_shorts(1)), all_shorts(128));
    }
    static V even_shorts() {
        static constexpr EvenShorts evens;
        return load(evens.numbers);
    }

    // The same of 64, as bytes.
    static void scale(const i32* numbers, float unit, i8* out) {
        for (int c = 0; c < segment; c += shorts) store_bytes(out + c, scaled(numbers + c, unit));
    }
};

}  // namespace linocut::LINOCUT_NS
