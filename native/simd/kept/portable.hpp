// Words of which some lanes are kept.
#pragma once

#include "run.hpp"

namespace linocut::LINOCUT_NS::kept {

// The bits of x in the places of the ones of a mask, side by side.
inline u64 compress(u64 x, u64 mask) {
    u64 found = 0;
    for (i64 to = 0; mask != 0; mask &= mask - 1, ++to) found |= (x >> __builtin_ctzll(mask) & 1u) << to;
    return found;
}

// ones[m] = kept lanes of all words of a run in which x of pixel m and the signs differ.
inline void count(const Planes* planes, const Run& run, i32* ones) {
    u64 sums[pixels] = {};
    for (i64 e = 0; e < run.count; ++e) {
        const u64 *x = planes[run.place(e)], sign = run.signs[e], lanes = run.lanes[e];
        for (i64 m = 0; m < pixels; ++m) sums[m] += static_cast<u64>(__builtin_popcountll((x[m] ^ sign) & lanes));
    }
    for (i64 m = 0; m < pixels; ++m) ones[m] = static_cast<i32>(sums[m]);
}

}  // namespace linocut::LINOCUT_NS::kept
