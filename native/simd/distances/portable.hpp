// Products of bits, one word after the other.
#pragma once

#include "interleaved.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr int panel_rows_at_once = 4;

template <int R, i64 Width = columns>
inline void subtract_distances(const u64* const* x, const u64* panel, Runs words, i64 n, i32 (*products)[Width]) {
    const i64 outputs = least(Width, n);
    for (int i = 0; i < R; ++i) {
        for (i64 run = 0; run < words.runs; ++run) {
            const u64 *from = x[i] + run * words.x_step, *at = panel + run * words.panel_step * Width;
            for (i64 w = 0; w < words.count; ++w) {
                for (i64 c = 0; c < outputs; ++c)
                    products[i][c] -= 2 * __builtin_popcountll(from[w] ^ at[w * Width + c]);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::distances
