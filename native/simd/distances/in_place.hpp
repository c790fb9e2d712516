// Panels of 64 outputs read where they lie.
#pragma once

#include "runs.hpp"

namespace linocut::LINOCUT_NS::distances {

inline constexpr i64 panel_outputs = segment;

struct Panel {
    const u64* words;

    void read(const Operand& panels, i64 number, i64, Workspace) { words = bit_row(panels, number * panels.shape[1]); }

    // sums[i][c] -= 2 distances of the panel's words from `first` on.
    template <int R>
    void subtract(const u64* const* x, i64 first, Runs runs, i64 n, i32 (*sums)[panel_outputs]) const {
        subtract_distances<R, panel_outputs>(x, words + first * panel_outputs, runs, n, sums);
    }
};

}  // namespace linocut::LINOCUT_NS::distances
