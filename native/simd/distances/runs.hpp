// Products of bits with panels of weights:
//
//   products[i][c] -= 2 popcount(x[i] ^ w[c]) over the words of a row
//
// A set defines, of panels that it lays out itself: `columns`, the outputs in a panel; `word_panel`, the u64s that a
// word has in it; `chunk_words`, the words of a panel that fits the nearest caches; `pack_panel`; and
//   subtract_distances<R>(x, panel, words, n, products)   for R rows and at least n outputs, as many more as it likes;
//   store_products<R>(x, panel, count, bits, n, y)        likewise y[i][c] = bits - 2 popcounts, with room for a panel.
// Of panels of 64 outputs, one word of each side by side (src/linocut/ops/panels.py): `Panel` with `take` and
// `subtract`, and `rows_at_once` that share its loads.
#pragma once

#include "../../kernels/workspace.hpp"

namespace linocut::LINOCUT_NS::distances {

// The words of a row that are summed: `count` that follow each other; or several such runs, whose starts lie so many
// words apart in X's memory and in the panel, as the rows of a window do.
struct Runs {
    i64 count, runs = 1, x_step = 0, panel_step = 0;
};

// Rows that share each load of a panel that `pack_panel` made.
inline constexpr i64 rows_at_once = 4;

}  // namespace linocut::LINOCUT_NS::distances
