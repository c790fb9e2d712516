// Panels of 64 outputs for AVX2: made into nibbles where rows enough share them; where they are few, or a row has very
// many words, the bits of whole words are counted, by looking up those of nibbles. Source: Mula, Kurz and Lemire,
// arXiv:1611.07612. Limit: of counting, 8 instructions for 256 MACs.
#pragma once

#include "avx2.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr i64 panel_outputs = segment;
inline constexpr int panel_rows_at_once = rows_at_once;
inline constexpr i64 few_rows = 14;       // for which making nibbles takes longer than counting
inline constexpr i64 nibble_words = 384;  // 384 KiB
inline constexpr i64 counted_words = 31;  // whose bits, at most 8 a byte, sum to a byte

// The bits of each byte.
inline __m256i count_bits(__m256i bytes) {
    const __m256i counts = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i mask = _mm256_set1_epi8(0x0F);
    const __m256i low = _mm256_shuffle_epi8(counts, _mm256_and_si256(bytes, mask));
    return _mm256_add_epi8(low, _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)));
}

// sums[c] -= 2 distances over at most `counted_words` words, for 32 outputs.
inline void subtract_counted(const u64* x, const u64* panel, i64 count, i32* sums) {
    __m256i bytes[8];
    unrolled<8>([&](auto v) { bytes[v] = _mm256_setzero_si256(); });
    for (i64 w = 0; w < count; ++w) {
        const __m256i a = _mm256_set1_epi64x(static_cast<i64>(x[w]));
        unrolled<8>([&](auto v) {
            bytes[v] = _mm256_add_epi8(bytes[v],
                                       count_bits(_mm256_xor_si256(a, load_whole(panel + w * panel_outputs + 4 * v))));
        });
    }
    unrolled<4>([&](auto v) {  // the low halves of four and four sums of 64 bits
        const __m256 a = _mm256_castsi256_ps(_mm256_sad_epu8(bytes[2 * v], _mm256_setzero_si256()));
        const __m256 b = _mm256_castsi256_ps(_mm256_sad_epu8(bytes[2 * v + 1], _mm256_setzero_si256()));
        const __m256i distances = _mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)), 0xD8);
        __m256i* to = reinterpret_cast<__m256i*>(sums + 8 * v);
        _mm256_storeu_si256(to, _mm256_sub_epi32(load_whole(to), _mm256_slli_epi32(distances, 1)));
    });
}

// A panel for a number of rows.
struct Panel {
    const u64* words;
    bool counts;  // else `nibbles` are there
    u64* nibbles = nullptr;

    // `space` holds the nibbles.
    void read(const Operand& panels, i64 number, i64 rows, Workspace space) {
        const i64 row_words = panels.shape[1];
        words = bit_row(panels, number * row_words);
        counts = rows <= few_rows || row_words > nibble_words;
        if (counts) return;
        nibbles = space.several<u64>(row_words * word_panel);
        for (i64 w = 0; w < row_words; ++w) {
            u8* to = reinterpret_cast<u8*>(nibbles + w * word_panel);
            for (i64 c = 0; c < panel_outputs; c += 32) pack_nibbles(words + w * panel_outputs + c, to + c);
        }
    }

    template <int R>
    void subtract(const u64* const* x, i64 first, Runs runs, i64 n, i32 (*sums)[panel_outputs]) const {
        if (!counts) {
            const u64* from = nibbles + first * word_panel;
            subtract_distances<R>(x, from, runs, n, sums);
            return;
        }
        for (i64 run = 0; run < runs.runs; ++run) {
            const u64* at = words + (first + run * runs.panel_step) * panel_outputs;
            for (i64 w = 0; w < runs.count; w += counted_words) {
                const i64 count = least(counted_words, runs.count - w);
                for (int i = 0; i < R; ++i) {
                    for (i64 c = 0; c < n; c += 32) {
                        subtract_counted(x[i] + run * runs.x_step + w, at + w * panel_outputs + c, count, sums[i] + c);
                    }
                }
            }
        }
    }
};

}  // namespace linocut::LINOCUT_NS::distances
