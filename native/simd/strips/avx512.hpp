// Products of strips of bytes, by VNNI. Limit: one VPDPBUSD for 64 products; six loads at any place and four for 24.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../vnni.hpp"

namespace linocut::LINOCUT_NS {

struct Strips {
    static constexpr bool usable = true;
    static constexpr i64 width = 64;  // bytes that are multiplied at a time
    static constexpr int columns = 6, rows = 4;

    // sums[c][r] += the products of strip c, bytes without signs at any place, and of signed strip r.
    static void add(const u8* const* strips, const i8* from, i64 stride, i64 vectors, i32 (*sums)[rows]) {
        Sums512 all[columns][rows];
        unrolled<columns * rows>([&](auto i) { all[i / rows][i % rows] = Sums512{}; });
        const u8* at[columns];
        unrolled<columns>([&](auto c) { at[c] = strips[c]; });
        for (i64 i = 0; i < vectors * width; i += width) {
            __m512i others[rows];
            unrolled<rows>([&](auto r) { others[r] = _mm512_loadu_si512(from + r * stride + i); });
            unrolled<columns>([&](auto c) {
                const __m512i strip = _mm512_loadu_si512(at[c] + i);
                unrolled<rows>([&](auto r) { all[c][r] = add_dots(all[c][r], strip, others[r]); });
            });
        }
        // Through memory: of sums that are turned into other vectors here, GCC 12 stores every one at every step.
        alignas(64) i32 lanes[columns][rows][16];
        unrolled<columns * rows>([&](auto i) { store_sums(lanes[i / rows][i % rows], all[i / rows][i % rows]); });
        for (int c = 0; c < columns; ++c) add_totals(lanes[c], sums[c]);
    }

    // Byte k of each of 64 words, one after another, to `out + k * stride`. Bytes are turned in pairs of words, these
    // within quarters of vectors, so that of the 32 pairs of a byte every fourth is beside the next.
    static void turn(const u64* words, u8* out, i64 stride) {
        const __m512i pairs = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0F070E060D050C04, 0x0B030A0209010800));
        const __m512i in_order = _mm512_set_epi64(0x001F'0017'000F'0007, 0x001E'0016'000E'0006, 0x001D'0015'000D'0005,
                                                  0x001C'0014'000C'0004, 0x001B'0013'000B'0003, 0x001A'0012'000A'0002,
                                                  0x0019'0011'0009'0001, 0x0018'0010'0008'0000);
        __m512i in[8], two[8], four[8];
        unrolled<8>([&](auto i) { in[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(words + 8 * i), pairs); });
        unrolled<4>([&](auto i) {
            two[2 * i] = _mm512_unpacklo_epi16(in[2 * i], in[2 * i + 1]);
            two[2 * i + 1] = _mm512_unpackhi_epi16(in[2 * i], in[2 * i + 1]);
        });
        unrolled<4>([&](auto i) {
            const int from = i / 2 * 4 + i % 2;  // bytes 0 to 3, or 4 to 7, of four vectors
            four[2 * i] = _mm512_unpacklo_epi32(two[from], two[from + 2]);
            four[2 * i + 1] = _mm512_unpackhi_epi32(two[from], two[from + 2]);
        });
        unrolled<4>([&](auto i) {
            const auto store = [&](int byte, __m512i bytes) {
                _mm512_storeu_si512(out + byte * stride, _mm512_permutexvar_epi16(in_order, bytes));
            };
            store(2 * i, _mm512_unpacklo_epi64(four[i], four[i + 4]));
            store(2 * i + 1, _mm512_unpackhi_epi64(four[i], four[i + 4]));
        });
    }

    // Bytes below 16 become those of a table; n is a multiple of 64.
    static void look_up(const i8* table, u8* bytes, i64 n) {
        const __m512i entries = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
        for (i64 i = 0; i < n; i += width)
            _mm512_storeu_si512(bytes + i, _mm512_shuffle_epi8(entries, _mm512_loadu_si512(bytes + i)));
    }

  private:
    static void add_totals(const i32 (*four)[16], i32* to) {
        const auto joined = [](__m512i a, __m512i b) {
            return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        };
        const auto of = [&](int r) { return _mm512_load_si512(four[r]); };
        const __m512i lanes = joined(joined(of(0), of(2)), joined(of(1), of(3)));  // of 0, 1, 2, 3, four times
        const __m256i two = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
        const __m128i one = _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
        __m128i* at = reinterpret_cast<__m128i*>(to);
        _mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), one));
    }
};

}  // namespace linocut::LINOCUT_NS
