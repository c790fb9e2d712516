// Products of complex bits by AVX2, which counts no bits: both counts of two numbers are looked up at once.
//
// A nibble holds two numbers: of x (re, im) of each, of a weight (wr, wr ^ wi). A nibble of x chooses one of 16 tables,
// of the counts p + 16 q for all 16 nibbles of weights, and VPSHUFB looks up those of 32 outputs. Up to 7 of them sum
// to a byte. Limit: VPSHUFB and an addition for 64 complex products, and 5 instructions for every 5 or 6 of these.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../distances/avx2.hpp"

namespace linocut::LINOCUT_NS::complex_bits {

inline constexpr i64 columns = 64;  // in two vectors
inline constexpr int rows_at_once = 2;
inline constexpr i64 x_words = 2;  // of 32 numbers each
inline constexpr i64 nibbles = 32;
inline constexpr i64 word_panel = columns * nibbles / 8;

struct Counts {
    alignas(16) u8 of[16][16];

    constexpr Counts() : of() {
        for (int x = 0; x < 16; ++x) {
            for (int w = 0; w < 16; ++w) {
                int p = 0, q = 0;
                for (int n = 0; n < 2; ++n) {
                    const int re = x >> 2 * n & 1, im = x >> (2 * n + 1) & 1;
                    const int wr = w >> 2 * n & 1, chosen = w >> (2 * n + 1) & 1;
                    const int both = wr ^ ((re ^ im) & chosen);
                    p += both ^ re;
                    q += both ^ im ^ chosen;
                }
                of[x][w] = static_cast<u8>(p + 16 * q);
            }
        }
    }
};
inline constexpr Counts counts;

inline constexpr u64 even = 0x5555555555555555u;

// 32 numbers of each as bits side by side, then the other 32.
inline void interleave(u64 first, u64 second, u64* out) {
    out[0] = _pdep_u64(first, even) | _pdep_u64(second, ~even);
    out[1] = _pdep_u64(first >> 32, even) | _pdep_u64(second >> 32, ~even);
}

inline void put_x(u64 re, u64 im, u64* out) { interleave(re, im, out); }

// The words of 64 outputs: their nibbles, [nibble][output].
inline void put_panel(const u64* wr, const u64* chosen, u64* out) {
    u8* bytes = reinterpret_cast<u8*>(out);
    for (i64 c = 0; c < columns; ++c) {
        u64 both[2];
        interleave(wr[c], chosen[c], both);
        for (i64 g = 0; g < nibbles; ++g) bytes[g * columns + c] = both[g / 16] >> 4 * (g % 16) & 15;
    }
}

template <int R>
inline void count(const u64* const* x, const u64* panel, i64 words, i32 (*p)[columns], i32 (*q)[columns]) {
    constexpr int V = columns / 32;
    const __m256i low = _mm256_set1_epi8(0x0F), zero = _mm256_setzero_si256();
    const u8* at = reinterpret_cast<const u8*>(panel);
    const auto widen = [&](const __m256i* bytes, i32* to) {
        alignas(32) u8 each[columns];
        for (int v = 0; v < V; ++v) _mm256_store_si256(reinterpret_cast<__m256i*>(each) + v, bytes[v]);
        for (i64 c = 0; c < columns; ++c) to[c] += each[c];
    };
    for (i64 w = 0; w < words; w += 3) {  // of 64 numbers each, at most 192 in a byte
        __m256i ps[R][V], qs[R][V];
        for (int i = 0; i < R * V; ++i) ps[i / V][i % V] = qs[i / V][i % V] = zero;
        for (i64 half = 2 * w; half < 2 * least(words, w + 3); ++half) {
            u64 rows[R];
            for (int i = 0; i < R; ++i) rows[i] = x[i][half];
            unrolled<3>([&](auto some) {
                constexpr int first = 5 * some, last = some == 2 ? 16 : first + 5;
                __m256i sums[R][V];
                for (int i = 0; i < R * V; ++i) sums[i / V][i % V] = zero;
#pragma GCC unroll 8
                for (int g = first; g < last; ++g, at += columns) {
                    for (int i = 0; i < R; ++i) {
                        const u64 turned = rows[i] >> (4 * g + 60) % 64 | rows[i] << (4 - 4 * g + 64) % 64;
                        const u8* table = counts.of[0] + (turned & 0xF0);
                        const __m256i found =
                            _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
                        for (int v = 0; v < V; ++v) {
                            const __m256i outputs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at) + v);
                            sums[i][v] = _mm256_add_epi8(sums[i][v], _mm256_shuffle_epi8(found, outputs));
                            asm(""
                                : "+x"(sums[i][v]));  // now: GCC would look up all, spill what it found, and add then
                        }
                    }
                }
                for (int i = 0; i < R; ++i) {
                    for (int v = 0; v < V; ++v) {
                        ps[i][v] = _mm256_add_epi8(ps[i][v], _mm256_and_si256(sums[i][v], low));
                        qs[i][v] = _mm256_add_epi8(qs[i][v], _mm256_and_si256(_mm256_srli_epi16(sums[i][v], 4), low));
                    }
                }
            });
        }
        for (int i = 0; i < R; ++i) {
            widen(ps[i], p[i]);
            widen(qs[i], q[i]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_bits
