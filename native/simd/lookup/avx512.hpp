// Sums looked up by AVX-512 in tables of 32 words, for five gradients of any number of bits. Limit: VPERMW and an
// addition for 32 sums of five products.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../interleave/avx512.hpp"
#include "runs.hpp"

namespace linocut::LINOCUT_NS {

namespace lookups {

// of[i][e]: bits 2 i and 2 i + 1 of e, those of five, as bytes.
struct ChosenPairs {
    alignas(64) u8 of[3][32][2];

    constexpr ChosenPairs() : of() {
        for (int i = 0; i < 3; ++i) {
            for (int e = 0; e < 32; ++e) {
                of[i][e][0] = static_cast<u8>(e >> (2 * i) & 1);
                of[i][e][1] = static_cast<u8>(e >> (2 * i + 1) & 1);
            }
        }
    }
};
inline constexpr ChosenPairs chosen_pairs;

}  // namespace lookups

struct Lookups {
    using Signs = u16;
    static constexpr bool usable = true;
    static constexpr i64 inputs = 5, bytes = 64, whole = 5;
    static constexpr int digits_of_bytes = 1, rows_at_once = 8;
    static constexpr i64 least_inputs = 64;
    template <int Digits>
    static constexpr i64 most_groups = 51;
    static_assert(51 * inputs * 128 <= 32767);

    static void index(const u64* words, Signs* panel) {
        for (int half = 0; half < 2; ++half) {
            __m512i found = _mm512_setzero_si512();
            unrolled<inputs>([&](auto i) {
                const auto bits = static_cast<__mmask32>(words[i] >> (32 * half));
                found = _mm512_mask_add_epi16(found, bits, found, _mm512_set1_epi16(1 << i));
            });
            _mm512_store_si512(panel + 32 * half, found);
        }
    }

    template <int Digits>
    static i32 build_row(const i8* gradients, i64 n, u8* tables, i64) {
        for (i64 i = 0; i < n; i += inputs, tables += bytes) {
            build(gradients + i, gradients + i + 2, gradients + i + 4, tables);
        }
        i32 total = 0;
        for (i64 i = 0; i < n; ++i) total += gradients[i];
        return total;
    }

    template <int Digits, class At>
    static void build_columns(const u8* const* rows, i64 n, const At& at, i64, i32* totals) {
        alignas(64) i8 four[segment][4], last[segment + 1] = {};
        interleave_bytes(rows, n, reinterpret_cast<u8*>(four[0]));
        if (rows[4] != nullptr) std::memcpy(last, rows[4], static_cast<std::size_t>(n));
        for (i64 i = 0; i < n; ++i) totals[i] += four[i][0] + four[i][1] + four[i][2] + four[i][3] + last[i];
        for (i64 i = 0; i < n; ++i) build(four[i], four[i] + 2, last + i, at(i));
    }

    template <int M, int Digits, i64 stride>
    static void add(const lookups::Rows<M>& rows, lookups::Runs runs, const u8* panel, bool fresh,
                    i32 (*tile)[segment]) {
        Words sums[M][2];
        unrolled<M>([&](auto m) { sums[m][0] = sums[m][1] = Words{}; });
        for (i64 r = 0; r < runs.count; ++r) {
            const u8 *tables[M], *at = panel + runs.first[r].panel;
            unrolled<M>([&](auto m) { tables[m] = rows.tables[m] + runs.first[r].tables; });
            for (i64 g = 0; g < runs.groups; ++g, at += 2 * bytes) {
                const __m512i left = _mm512_load_si512(at), right = _mm512_load_si512(at + bytes);
                unrolled<M>([&](auto m) {
                    const __m512i table = _mm512_load_si512(tables[m]);
                    sums[m][0] += found(left, table);
                    sums[m][1] += found(right, table);
                    tables[m] += stride;
                    asm("" : "+r"(tables[m]));  // else GCC keeps them in a vector, in memory
                });
            }
        }
        unrolled<M>([&](auto m) {
            store(sums[m][0], fresh, tile[m]);
            store(sums[m][1], fresh, tile[m] + 32);
        });
    }

  private:
    // Sums have the type of their instructions; in __m512i GCC copies them.
    typedef i16 Words __attribute__((vector_size(64)));

    // Two gradients, two, and one, which any byte follows -> a table.
    [[gnu::always_inline]] static void build(const i8* first, const i8* second, const i8* third, u8* table) {
        const auto chosen = [](const i8* pair, int i) {
            i16 both;
            std::memcpy(&both, pair, sizeof both);
            return _mm512_maddubs_epi16(_mm512_load_si512(lookups::chosen_pairs.of[i]), _mm512_set1_epi16(both));
        };
        const __m512i four = _mm512_add_epi16(chosen(first, 0), chosen(second, 1));
        _mm512_store_si512(table, _mm512_add_epi16(four, chosen(third, 2)));
    }

    [[gnu::always_inline]] static Words found(__m512i at, __m512i table) {
        return reinterpret_cast<Words>(_mm512_permutexvar_epi16(at, table));
    }

    static void store(Words sums, bool fresh, i32* to) {
        const __m512i all = reinterpret_cast<__m512i>(sums);
        const auto sixteen = [&](__m256i words, int c) {
            const __m512i sum = _mm512_cvtepi16_epi32(words);
            _mm512_store_si512(to + c, fresh ? sum : _mm512_add_epi32(sum, _mm512_load_si512(to + c)));
        };
        sixteen(_mm512_castsi512_si256(all), 0);
        sixteen(_mm512_extracti64x4_epi64(all, 1), 16);
    }
};

}  // namespace linocut::LINOCUT_NS
