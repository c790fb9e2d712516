// Sums looked up by AVX2. Limit: VPSHUFB and an addition for 32 sums of four products, and three instructions more for
// seven of these, two where they are of levels of 4 bits.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../bits/masks_of.hpp"
#include "../interleave/avx2.hpp"
#include "of_bytes.hpp"

namespace linocut::LINOCUT_NS {

struct ByteTables {
    static constexpr int rows_at_once = 4;
    static constexpr i64 least_inputs = 128;

    static void index(const u64* four, u8* bytes) {
        for (int half = 0; half < 2; ++half) {
            __m256i found = _mm256_setzero_si256();
            unrolled<4>([&](auto i) {  // a mask is -1: twice what is found, less the next bit
                const __m256i mask = masks_of(static_cast<u32>(four[3 - i] >> (32 * half)));
                found = _mm256_add_epi8(_mm256_add_epi8(found, found), mask);
            });
            store_whole(bytes + 32 * half, _mm256_sub_epi8(_mm256_setzero_si256(), found));
        }
    }

    static void split(const u8* bytes, i64 n, u8* low, u8* high) {
        for (i64 i = 0; i < n; i += 16) {
            const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
            // (g + 128 + 8) >> 4, between 0 and 16
            const __m128i half = _mm_avg_epu8(_mm_xor_si128(all, _mm_set1_epi8(-128)), _mm_set1_epi8(7));
            const __m128i shifted = _mm_and_si128(_mm_srli_epi16(half, 3), _mm_set1_epi8(0x1F));
            const __m128i above = _mm_sub_epi8(shifted, _mm_set1_epi8(8));
            const __m128i times16 = _mm_slli_epi16(_mm_and_si128(above, _mm_set1_epi8(0x0F)), 4);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(high + i), above);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(low + i), _mm_sub_epi8(all, times16));
        }
    }

    static void add_sizes(const u8* digits, i64 n, i32 factor, i32* totals) {
        for (i64 i = 0; i < n; i += 8) {
            const __m256i sizes = _mm256_abs_epi8(load_whole(digits + 4 * i));
            const __m256i pairs = _mm256_maddubs_epi16(sizes, _mm256_set1_epi8(1));
            const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(static_cast<i16>(factor)));
            store_whole(totals + i, _mm256_add_epi32(load_whole(totals + i), fours));
        }
    }

    static void build(const u8* digits, u8* tables, i64 step) {
        const __m128i zero = _mm_setzero_si128();
        const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(digits));
        const __m128i positive = _mm_max_epi8(all, zero), negative = _mm_sub_epi8(positive, all);
        build_two(_mm_unpacklo_epi32(positive, negative), tables, step);
        build_two(_mm_unpackhi_epi32(positive, negative), tables + 2 * step, step);
    }

    template <int M, int Digits, i64 stride>
    static void add(const lookups::Rows<M>& rows, lookups::Runs runs, const u8* panel, bool fresh,
                    i32 (*tile)[segment]) {
        for (i64 c = 0; c < lookups::columns; c += 32) {
            Sums<M> sums;
            unrolled<M>([&](auto m) { sums.all[m] = sums.odd[m] = Words{}; });
            if constexpr (Digits == 2) {
                add_digit<M, Digits, stride>(rows, rows.high, runs, panel + c, sums);
                unrolled<M>([&](auto m) {
                    sums.all[m] <<= 4;
                    sums.odd[m] <<= 4;
                });
            }
            add_digit<M, Digits, stride>(rows, 0, runs, panel + c, sums);
            unrolled<M>([&](auto m) { store(sums.all[m], sums.odd[m], fresh, tile[m] + c); });
        }
    }

  private:
    // Sums have the type of their instructions; in __m256i GCC copies them.
    typedef u8 Bytes32 __attribute__((vector_size(32)));
    typedef u16 Words __attribute__((vector_size(32)));

    // Of 32 columns: the pairs' bytes as 16 bits, modulo 2^16, and the odd columns.
    template <int M>
    struct Sums {
        Words all[M], odd[M];
    };

    // [positive 0..3, negative 0..3, positive 4..7, negative 4..7] -> two tables.
    static void build_two(__m128i sizes, u8* tables, i64 step) {
        const __m256i both = _mm256_broadcastsi128_si256(sizes);
        __m256i sum = _mm256_setzero_si256();
        unrolled<4>([&](auto i) {
            sum = _mm256_add_epi8(sum, _mm256_shuffle_epi8(both, load_whole(lookups::sizes_of_entries.from[i])));
        });
        _mm_store_si128(reinterpret_cast<__m128i*>(tables), _mm256_castsi256_si128(sum));
        _mm_store_si128(reinterpret_cast<__m128i*>(tables + step), _mm256_extracti128_si256(sum, 1));
    }

    [[gnu::always_inline]] static Bytes32 found(const u8* table, __m256i at) {
        const __m128i entries = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
        return reinterpret_cast<Bytes32>(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), at));
    }

    [[gnu::always_inline]] static void widen(Bytes32 bytes, Words& all, Words& odd) {
        const Words pairs = reinterpret_cast<Words>(bytes);
        all += pairs;
        odd += pairs >> 8;
    }

    template <int M, int Digits, i64 stride>
    [[gnu::always_inline]] static void add_digit(const lookups::Rows<M>& rows, i64 digit, lookups::Runs runs,
                                                 const u8* panel, Sums<M>& sums) {
        constexpr int most = static_cast<int>(lookups::tables_of_bytes<Digits>);
        for (i64 r = 0; r < runs.count; ++r) {
            const u8 *tables[M], *at = panel + runs.first[r].panel;
            unrolled<M>([&](auto m) { tables[m] = rows.tables[m] + (digit + runs.first[r].tables); });
            i64 left = runs.groups;
            const auto take = [&](auto several) __attribute__((always_inline)) {
                for (; left >= several; left -= several) {
                    add_some<M, several, stride>(tables, at, sums);
                    at += several * lookups::columns;
                }
            };
            take(Index<most>());
            if constexpr (most > 4) take(Index<4>());
            take(Index<1>());
        }
    }

    // Tables side by side, as many as bytes hold.
    template <int M, int several, i64 stride>
    [[gnu::always_inline]] static void add_some(const u8** tables, const u8* at, Sums<M>& sums) {
        Bytes32 bytes[M];
        unrolled<several>([&](auto k) {
            const __m256i signs = load_whole(at + k * lookups::columns);
            unrolled<M>([&](auto m) {
                const Bytes32 one = found(tables[m] + k * stride, signs);
                bytes[m] = k == 0 ? one : bytes[m] + one;
                // Else GCC adds them up as a tree, for which there are no registers.
                asm("" : "+v"(bytes[m]));
            });
        });
        unrolled<M>([&](auto m) {
            widen(bytes[m], sums.all[m], sums.odd[m]);
            tables[m] += several * stride;
            asm("" : "+r"(tables[m]));  // else GCC keeps them in a vector, in memory
        });
    }

    static void store(Words all, Words odd, bool fresh, i32* to) {
        const __m256i evens = reinterpret_cast<__m256i>(all - (odd << 8)), odds = reinterpret_cast<__m256i>(odd);
        const __m256i low = _mm256_unpacklo_epi16(evens, odds), high = _mm256_unpackhi_epi16(evens, odds);
        const auto eight = [&](__m128i words, int c) {
            const __m256i sum = _mm256_cvtepu16_epi32(words);
            store_whole(to + c, fresh ? sum : _mm256_add_epi32(sum, load_whole(to + c)));
        };
        eight(_mm256_castsi256_si128(low), 0);
        eight(_mm256_castsi256_si128(high), 8);
        eight(_mm256_extracti128_si256(low, 1), 16);
        eight(_mm256_extracti128_si256(high, 1), 24);
    }
};

using Lookups = lookups::OfBytes<ByteTables>;

}  // namespace linocut::LINOCUT_NS
