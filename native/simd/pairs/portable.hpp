// Sums of products of 16-bit numbers, two neighbours at a time.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int pair_rows = 1;  // rows of factors side by side, whose sums registers hold

// Sixteen sums of 32 bits: lane l has those of numbers 2 l and 2 l + 1 of 32.
struct PairSums {
    i32 lane[16] = {};

    using Numbers = const i16*;
    static Numbers load(const i16* from) { return from; }
    void add(Numbers a, Numbers b) {
        for (int l = 0; l < 16; ++l) lane[l] += a[2 * l] * b[2 * l] + a[2 * l + 1] * b[2 * l + 1];
    }
    void add_to(i64* totals) const {
        for (int l = 0; l < 16; ++l) totals[l] += lane[l];
    }
};

}  // namespace linocut::LINOCUT_NS
