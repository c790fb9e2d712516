// Fixed-point numbers of 16 and 32 bits in vectors of 256 bits.
//
// Two vectors of 32 bits are packed into one of 16, and two of those into bytes, within 128-bit lanes: `unpack_low` and
// `unpack_high` part numbers as packing joins them again; `store_packed_bytes` puts the bytes of packed numbers in
// order.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

struct Integers {
    static constexpr bool usable = true;
    static constexpr bool keeps_words = false;    // 16 registers do not hold a word's numbers and constants
    static constexpr int shorts = 16, longs = 8;  // numbers of 16 and of 32 bits in a vector
    using V = __m256i;

    static V load(const void* from) { return load_whole(from); }
    static void store(void* to, V v) { store_whole(to, v); }
    static V zero() { return _mm256_setzero_si256(); }

    // --- 16 bits ---
    static V all_shorts(i16 number) { return _mm256_set1_epi16(number); }
    static V bytes_as_shorts(const i8* from) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    // Numbers that bytes hold, or that become the nearest one.
    static void store_bytes(i8* to, V shorts) {
        const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    }
    static V unpack_low(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
    static V unpack_high(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
    // Products of neighbours, two added, in 32 bits.
    static V add_products(V a, V b) { return _mm256_madd_epi16(a, b); }
    static V subtract_shorts(V a, V b) { return _mm256_subs_epi16(a, b); }
    static V larger_shorts(V a, V b) { return _mm256_max_epi16(a, b); }
    static V sizes(V shorts) { return larger_shorts(shorts, subtract_shorts(zero(), shorts)); }
    static V larger_sizes(V a, V b) { return _mm256_max_epi16(a, b); }
    static bool any_above(V sizes, i16 limit) {
        const V found = _mm256_cmpgt_epi16(sizes, all_shorts(limit));
        return !_mm256_testz_si256(found, found);
    }
    static int count_above(V sizes, i16 limit) {
        const V found = _mm256_cmpgt_epi16(sizes, all_shorts(limit));
        return __builtin_popcount(static_cast<u32>(_mm256_movemask_epi8(found))) / 2;
    }
    static int count_sign_changes(V a, V b) {
        const u32 signs = static_cast<u32>(_mm256_movemask_epi8(_mm256_xor_si256(a, b)));
        return __builtin_popcount(signs & 0xAAAAAAAAu);
    }

    // --- 32 bits ---
    static V all_longs(i32 number) { return _mm256_set1_epi32(number); }
    static V as_longs(const i8* from) {
        return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
    }
    static V as_longs(const i16* from) {
        return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static V add(V a, V b) { return _mm256_add_epi32(a, b); }
    static V subtract(V a, V b) { return _mm256_sub_epi32(a, b); }
    static V multiply(V a, V b) { return _mm256_mullo_epi32(a, b); }
    static V shift_right(V a, int by) { return _mm256_sra_epi32(a, _mm_cvtsi32_si128(by)); }
    static V shift_right_unsigned(V a, int by) { return _mm256_srl_epi32(a, _mm_cvtsi32_si128(by)); }
    // `zeros` where g is 0, else `others`.
    static V choose_by_zero(V g, V zeros, V others) {
        return _mm256_blendv_epi8(others, zeros, _mm256_cmpeq_epi32(g, zero()));
    }
    static V pack(V a, V b) { return _mm256_packs_epi32(a, b); }

    // The bytes, none below `least_byte`, of numbers that were packed from four vectors of 32 bits.
    static void store_packed_bytes(i8* to, V low, V high, i8 least_byte) {
        const V in_order =
            _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        store(to, _mm256_max_epi8(in_order, _mm256_set1_epi8(least_byte)));
    }

    // The sum of the sizes of 64 numbers.
    static i64 sum_of_sizes(const i32* numbers) {
        const V half = all_longs(0xFFFF);
        V low = zero(), high = zero();
        for (int c = 0; c < segment; c += 16) {
            const V first = _mm256_abs_epi32(load(numbers + c)), second = _mm256_abs_epi32(load(numbers + c + 8));
            const V size = add(first, second);  // below 2^32
            low = add(low, _mm256_and_si256(size, half));
            high = add(high, _mm256_srli_epi32(size, 16));
        }
        const V eight = _mm256_hadd_epi32(low, high);  // twice two sums of each
        const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
        const __m128i two = _mm_hadd_epi32(four, four);
        return (i64{_mm_extract_epi32(two, 1)} << 16) + i64{_mm_cvtsi128_si32(two)};
    }

    // out[c] = numbers[c] * unit, of 64, rounded by truncating what is positive and within +-127. Packing saturates:
    // the products must fit 32 bits.
    static void scale(const i32* numbers, float unit, i8* out) {
        const __m256 by = _mm256_set1_ps(unit), shift = _mm256_set1_ps(128.5f);
        const auto whole = [&](int c) {
            const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(load(numbers + c)), by);
            return _mm256_cvttps_epi32(_mm256_add_ps(scaled, shift));  // 1 to 255 are -127 to 127
        };
        for (int c = 0; c < segment; c += 32) {
            const V low = pack(whole(c), whole(c + 8)), high = pack(whole(c + 16), whole(c + 24));
            const V mixed = _mm256_max_epu8(_mm256_packus_epi16(low, high), _mm256_set1_epi8(1));
            const V sorted = _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
            store(out + c, _mm256_xor_si256(sorted, _mm256_set1_epi8(-128)));
        }
    }
};

}  // namespace linocut::LINOCUT_NS
