// Products of bits by AVX2, which counts no bits: distances of nibbles are looked up.
//
// A panel holds nibbles of 64 outputs, a byte each: [word][nibble][output]. A nibble of x chooses one of 16 tables, of
// its distances to all 16 nibbles, and VPSHUFB looks up those of 32 outputs. Limit: VPSHUFB and an addition for 128
// MACs. Counting the bits of whole words takes 8 instructions for 256.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../x86.hpp"
#include "runs.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr i64 columns = 64;  // in two vectors
inline constexpr i64 chunk_words = 64;
inline constexpr i64 nibbles = 16;                        // of a word
inline constexpr i64 word_panel = columns * nibbles / 8;  // u64s that a word has in a panel
inline constexpr i64 byte_steps = 3;                      // words whose distances, at most 4 a nibble, sum to a byte
static_assert(byte_steps * nibbles * 4 <= 255);

struct NibbleDistances {
    alignas(16) u8 of[16][16];

    constexpr NibbleDistances() : of() {
        for (int a = 0; a < 16; ++a) {
            for (int b = 0; b < 16; ++b) of[a][b] = static_cast<u8>(__builtin_popcount(static_cast<u32>(a ^ b)));
        }
    }
};
inline constexpr NibbleDistances nibble_distances;

inline __m256i* vectors_at(void* at) { return static_cast<__m256i*>(at); }

// The words of 32 outputs -> their nibbles [nibble][32] in rows of `columns` bytes. Outputs 8 to 15 and 16 to 23 change
// places, so that bytes unpacked to 16 bits within 128-bit lanes are in order.
inline void pack_nibbles(const u64* words, u8* out) {
    __m256i rows[8];  // word i and i + 16, i + 8 and i + 24
    for (int i = 0; i < 8; ++i) {
        rows[i] = _mm256_setr_epi64x(static_cast<i64>(words[i]), static_cast<i64>(words[i + 16]),
                                     static_cast<i64>(words[i + 8]), static_cast<i64>(words[i + 24]));
    }
    __m256i pairs[2][4], fours[2][4], eights[2][4];  // bytes of as many words side by side
    unrolled<4>([&](auto i) {
        pairs[0][i] = _mm256_unpacklo_epi8(rows[2 * i], rows[2 * i + 1]);
        pairs[1][i] = _mm256_unpackhi_epi8(rows[2 * i], rows[2 * i + 1]);
    });
    unrolled<4>([&](auto i) {
        const __m256i *from = pairs[i / 2], a = from[0 + 2 * (i % 2)], b = from[1 + 2 * (i % 2)];
        fours[i / 2][i % 2] = _mm256_unpacklo_epi16(a, b);
        fours[i / 2][2 + i % 2] = _mm256_unpackhi_epi16(a, b);
    });
    unrolled<4>([&](auto i) {
        const __m256i *from = fours[i / 2], a = from[2 * (i % 2)], b = from[2 * (i % 2) + 1];
        eights[i / 2][2 * (i % 2)] = _mm256_unpacklo_epi32(a, b);
        eights[i / 2][2 * (i % 2) + 1] = _mm256_unpackhi_epi32(a, b);
    });
    const __m256i low = _mm256_set1_epi8(0x0F);
    unrolled<8>([&](auto byte) {
        const __m256i a = eights[0][byte / 2], b = eights[1][byte / 2];
        const __m256i all = byte % 2 == 0 ? _mm256_unpacklo_epi64(a, b) : _mm256_unpackhi_epi64(a, b);
        _mm256_storeu_si256(vectors_at(out + 2 * byte * columns), _mm256_and_si256(all, low));
        _mm256_storeu_si256(vectors_at(out + (2 * byte + 1) * columns),
                            _mm256_and_si256(_mm256_srli_epi16(all, 4), low));
    });
}

inline void pack_panel(const Operand& weights, i64 first_output, i64 first_word, i64 count, u64* panel) {
    const i64 n = least(columns, weights.rows - first_output);
    for (i64 w = 0; w < count; ++w) {
        for (i64 c = 0; c < columns; c += 32) {
            u64 words[32];
            for (i64 i = 0; i < 32; ++i)
                words[i] = c + i < n ? bit_row(weights, first_output + c + i)[first_word + w] : 0;
            pack_nibbles(words, reinterpret_cast<u8*>(panel + w * word_panel) + c);
        }
    }
}

// sums[i][c] += distances over at most `byte_steps` words, for V vectors of outputs.
template <int R, int V>
inline void add_distances(const u64* const* x, i64 word, i64 count, const u8* panel, u16 (*sums)[columns]) {
    __m256i bytes[R][V];
    for (int i = 0; i < R * V; ++i) bytes[i / V][i % V] = _mm256_setzero_si256();
    for (i64 w = word; w < word + count; ++w) {
        u64 rows[R];
        for (int i = 0; i < R; ++i) rows[i] = x[i][w];
#pragma GCC unroll 16
        for (i64 g = 0; g < nibbles; ++g, panel += columns) {
            __m256i outputs[V];
            for (int v = 0; v < V; ++v)
                outputs[v] = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel + 32 * v));
            for (int i = 0; i < R; ++i) {
                const u64 turned = rows[i] >> (4 * g + 60) % 64 | rows[i] << (4 - 4 * g + 64) % 64;
                const u8* table = nibble_distances.of[0] + (turned & 0xF0);
                const __m256i distances =
                    _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
                for (int v = 0; v < V; ++v) {
                    bytes[i][v] = _mm256_add_epi8(bytes[i][v], _mm256_shuffle_epi8(distances, outputs[v]));
                    asm("" : "+x"(bytes[i][v]));  // now: GCC would look up all, spill what it found, and add then
                }
            }
        }
    }
    for (int i = 0; i < R * V; ++i) {
        __m256i *to = vectors_at(sums[i / V]) + 2 * (i % V), zero = _mm256_setzero_si256();
        to[0] = _mm256_add_epi16(to[0], _mm256_unpacklo_epi8(bytes[i / V][i % V], zero));
        to[1] = _mm256_add_epi16(to[1], _mm256_unpackhi_epi8(bytes[i / V][i % V], zero));
    }
}

// sums[i][c] += distances over the words.
template <int R, int V>
[[gnu::always_inline]] inline void sum_distances(const u64* const* x, const u64* panel, const Runs& words,
                                                 u16 (*sums)[columns]) {
    asm("" : "+r"(sums));  // in memory: there are not registers enough
    for (i64 run = 0; run < words.runs; ++run) {
        const i64 first = run * words.x_step;
        const u64* at = panel + run * words.panel_step * word_panel;
        for (i64 w = 0; w < words.count; w += byte_steps) {
            const i64 count = least(byte_steps, words.count - w);
            add_distances<R, V>(x, first + w, count, reinterpret_cast<const u8*>(at + w * word_panel), sums);
        }
    }
}

template <int R, int V>
[[gnu::noinline]] void subtract_from(const u64* const* x, const u64* panel, const Runs& words,
                                     i32 (*products)[columns]) {
    alignas(32) u16 sums[R][columns] = {};
    u16(*kept)[columns] = sums;
    asm("" : "+r"(kept));
    sum_distances<R, V>(x, panel, words, kept);
    for (int i = 0; i < R; ++i) {
        for (i64 c = 0; c < 32 * V; ++c) products[i][c] -= 2 * kept[i][c];
    }
}

// products[i][c] -= 2 distances over the words, for n outputs or more.
template <int R>
inline void subtract_distances(const u64* const* x, const u64* panel, const Runs& words, i64 n,
                               i32 (*products)[columns]) {
    n > 32 ? subtract_from<R, 2>(x, panel, words, products) : subtract_from<R, 1>(x, panel, words, products);
}

template <int R, int V>
[[gnu::noinline]] void store_to(const u64* const* x, const u64* panel, i64 count, i16 bits, i16* const* y) {
    alignas(32) u16 sums[R][columns] = {};
    u16(*kept)[columns] = sums;
    asm("" : "+r"(kept));
    sum_distances<R, V>(x, panel, {count}, kept);
    for (int i = 0; i < R; ++i) {
        for (i64 c = 0; c < 32 * V; c += 16) {
            const __m256i sum = load_whole(kept[i] + c);
            store_whole(y[i] + c, _mm256_sub_epi16(_mm256_set1_epi16(bits), _mm256_add_epi16(sum, sum)));
        }
    }
}

// y[i][c] = bits - 2 distances over the words, for n outputs or more.
template <int R>
inline void store_products(const u64* const* x, const u64* panel, i64 count, i16 bits, i64 n, i16* const* y) {
    n > 32 ? store_to<R, 2>(x, panel, count, bits, y) : store_to<R, 1>(x, panel, count, bits, y);
}

}  // namespace linocut::LINOCUT_NS::distances
