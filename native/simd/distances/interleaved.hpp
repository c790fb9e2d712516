// Panels whose words are interleaved word by word, so that a vector holds one word of several outputs and sums need no
// reduction across lanes.
#pragma once

#include "runs.hpp"

namespace linocut::LINOCUT_NS::distances {

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

}  // namespace linocut::LINOCUT_NS::distances
