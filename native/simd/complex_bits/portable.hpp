// Products of complex bits, one word after the other.
#pragma once

#include "../../kernels/unroll.hpp"
#include "kept_apart.hpp"

namespace linocut::LINOCUT_NS::complex_bits {

inline constexpr i64 columns = 16;
inline constexpr int rows_at_once = 1;

template <int R>
inline void count(const u64* const* x, const u64* panel, i64 words, i32 (*p)[columns], i32 (*q)[columns]) {
    for (int i = 0; i < R; ++i) {
        for (i64 w = 0; w < words; ++w) {
            const u64 *at = panel + w * word_panel, *of = x[i] + w * x_words;
            for (i64 c = 0; c < columns; ++c) {
                const u64 both = at[c] ^ (of[2] & at[columns + c]);
                p[i][c] += __builtin_popcountll(both ^ of[0]);
                q[i][c] += __builtin_popcountll(both ^ of[1] ^ at[columns + c]);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_bits
