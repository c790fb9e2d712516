// binary_matmul: y[r][n] = K - 2 popcount(x[r] ^ w[n]).
// In:    x, w: rows of 64-bit words; zero tails XOR to 0, so odd widths need no correction.
// How:   16 rows of w are interleaved word by word into a panel, so that a vector holds one word of several outputs and
// sums
//        need no reduction across lanes; four rows of x share each load of the panel.
// Limit: AVX-512: popcount, XOR and addition, 3 instructions for 512 MACs. NEON: popcount of bytes, XOR and addition, 3
// for 128.
//        AVX2: binary_matmul_avx2.hpp.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::binary_matmul {

inline constexpr i64 rows_at_once = 4;
inline constexpr i64 block_rows = 128;  // rows whose products are kept while the words are walked

// The words of a row that are summed: `count` that follow each other; or several such runs, whose starts lie so many
// words apart in X's memory and in the panel, as the rows of a window do.
struct Runs {
    i64 count, runs = 1, x_step = 0, panel_step = 0;
};

#if defined(__AVX2__) && !defined(__AVX512VPOPCNTDQ__)
}  // namespace linocut::LINOCUT_NS::binary_matmul
#include "binary_matmul_avx2.hpp"
namespace linocut::LINOCUT_NS::binary_matmul {
#else

inline constexpr i64 columns = 16;          // outputs in a panel
inline constexpr i64 chunk_words = 256;     // a panel of 32 KiB
inline constexpr i64 word_panel = columns;  // u64s that a word has in a panel

inline void pack_panel(const Operand& weights, i64 first_output, i64 first_word, i64 count, u64* panel) {
    const i64 n = least(columns, weights.rows - first_output);
    for (i64 c = 0; c < columns; ++c) {
        const u64* from = c < n ? bit_row(weights, first_output + c) + first_word : nullptr;
        for (i64 w = 0; w < count; ++w) panel[w * columns + c] = from ? from[w] : 0;
    }
}

#if defined(__AVX512VPOPCNTDQ__)

// products[i][c] -= 2 popcounts over the words, for as many outputs as asked for or more. A word of the panel has Width
// outputs.
template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64, i32 (*products)[Width]) {
    constexpr int V = Width / 8;
    __m512i sums[R][V];
    unrolled<R * V>([&](auto i) { sums[i / V][i % V] = _mm512_setzero_si512(); });
    for (i64 run = 0; run < words.runs; ++run) {
        const i64 first = run * words.x_step;
        const u64* at = panel + run * words.panel_step * Width;
        for (i64 w = 0; w < words.count; ++w, at += Width) {
            __m512i a[R];
            unrolled<R>([&](auto i) { a[i] = _mm512_set1_epi64(static_cast<i64>(x[i][first + w])); });
            unrolled<V>([&](auto v) {
                const __m512i outputs = _mm512_loadu_si512(at + 8 * v);
                unrolled<R>([&](auto i) {
                    sums[i][v] = _mm512_add_epi64(sums[i][v], _mm512_popcnt_epi64(_mm512_xor_si512(a[i], outputs)));
                });
            });
        }
    }
    unrolled<R * V / 2>([&](auto pair) {
        constexpr int i = pair / (V / 2), v = 2 * (pair % (V / 2));
        const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(sums[i][v])),
                                                _mm512_cvtepi64_epi32(sums[i][v + 1]), 1);
        const __m512i before = _mm512_loadu_si512(products[i] + 8 * v);
        _mm512_storeu_si512(products[i] + 8 * v, _mm512_sub_epi32(before, _mm512_slli_epi32(both, 1)));
    });
}

#elif defined(LINOCUT_NEON)

inline constexpr i64 byte_steps = 31;  // words whose popcounts, at most 8 a byte, sum to a byte

// Eight bytes of each of eight columns -> their sums.
inline uint16x8_t sum_of_eights(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    return vpaddq_u16(vpaddq_u16(vpaddlq_u8(a), vpaddlq_u8(b)), vpaddq_u16(vpaddlq_u8(c), vpaddlq_u8(d)));
}

// Those of eight outputs, over at most `byte_steps` words.
template <int R, i64 Width>
inline void subtract_from_eight(const u64* const* x, i64 first, const u64* panel, i64 count, i64 column,
                                i32 (*products)[Width]) {
    uint8x16_t sums[R][4];
    unrolled<4 * R>([&](auto i) { sums[i / 4][i % 4] = vdupq_n_u8(0); });
    for (i64 w = 0; w < count; ++w) {
        uint64x2_t b[4];
        unrolled<4>([&](auto v) { b[v] = vld1q_u64(panel + w * Width + column + 2 * v); });
        unrolled<R>([&](auto i) {
            const uint64x2_t a = vdupq_n_u64(x[i][first + w]);
            unrolled<4>(
                [&](auto v) { sums[i][v] = vaddq_u8(sums[i][v], vcntq_u8(vreinterpretq_u8_u64(veorq_u64(a, b[v])))); });
        });
    }
    unrolled<R>([&](auto i) {
        const uint16x8_t sum = sum_of_eights(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
        const auto subtract = [](i32* at, uint16x4_t distances) {
            vst1q_s32(at, vsubq_s32(vld1q_s32(at), vreinterpretq_s32_u32(vshll_n_u16(distances, 1))));
        };
        subtract(products[i] + column, vget_low_u16(sum));
        subtract(products[i] + column + 4, vget_high_u16(sum));
    });
}

template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64, i32 (*products)[Width]) {
    for (i64 run = 0; run < words.runs; ++run) {
        for (i64 w = 0; w < words.count; w += byte_steps) {
            const u64* at = panel + (run * words.panel_step + w) * Width;
            for (i64 c = 0; c < Width; c += 8) {
                const i64 count = least(byte_steps, words.count - w);
                subtract_from_eight<R, Width>(x, run * words.x_step + w, at, count, c, products);
            }
        }
    }
}

#else

template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64, i32 (*products)[Width]) {
    for (int i = 0; i < R; ++i) {
        for (i64 run = 0; run < words.runs; ++run) {
            const u64 *from = x[i] + run * words.x_step, *at = panel + run * words.panel_step * Width;
            for (i64 w = 0; w < words.count; ++w) {
                for (i64 c = 0; c < Width; ++c) products[i][c] -= 2 * __builtin_popcountll(from[w] ^ at[w * Width + c]);
            }
        }
    }
}

#endif
#endif

inline i64 units(const Call& call) { return divide_up(call.operands[1].rows, columns); }

template <class T>
inline void store_narrow(const i32* products, i64 n, T* out) {
    if (n == columns) {  // a vector
        for (i64 c = 0; c < columns; ++c) out[c] = static_cast<T>(products[c]);
    } else {
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<T>(products[c]);
    }
}

// Products [first, first + n) of a row, n <= columns.
inline void store_row(const Operand& y, i64 r, i64 first, i64 n, const i32* products) {
    switch (y.format) {
        case Format::i32:
            store_narrow(products, n, row<i32>(y, r) + first);
            return;
        case Format::i16:
            store_narrow(products, n, row<i16>(y, r) + first);
            return;
        default: {
            float reals[columns];
            store_narrow(products, n, reals);
            store_floats(y, r, first, n, reals);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &weights = call.operands[1], &y = call.operands[2];
    const i64 total = words(x.cols);
    alignas(64) u64 panel[chunk_words * word_panel];
    alignas(64) i32 products[block_rows][columns];
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit * columns, n = least(columns, weights.rows - first);
        if (total <= chunk_words) pack_panel(weights, first, 0, total, panel);
        for (i64 base = 0; base < x.rows; base += block_rows) {
            const i64 rows = least(block_rows, x.rows - base);
            for (i64 r = 0; r < rows; ++r) {
                for (i32& product : products[r]) product = static_cast<i32>(x.cols);
            }
            for (i64 word = 0; word < total; word += chunk_words) {
                const i64 count = least(chunk_words, total - word);
                if (total > chunk_words) pack_panel(weights, first, word, count, panel);
                i64 r = 0;
                for (; r + rows_at_once <= rows; r += rows_at_once) {
                    const u64* from[rows_at_once];
                    for (i64 i = 0; i < rows_at_once; ++i) from[i] = bit_row(x, base + r + i) + word;
                    subtract_distances<rows_at_once>(from, panel, {count}, n, products + r);
                }
                for (; r < rows; ++r) {
                    const u64* from[1] = {bit_row(x, base + r) + word};
                    subtract_distances<1>(from, panel, {count}, n, products + r);
                }
            }
            for (i64 r = 0; r < rows; ++r) store_row(y, base + r, first, n, products[r]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::binary_matmul
