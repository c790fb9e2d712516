// The kept words of an output of a pruned layer (src/linocut/ops/keep_words.py), and what pixels have in their places.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS::kept {

inline constexpr i64 pixels = 32;  // side by side
using Planes = u64[pixels];        // a word of each

// Places are numbers up to `last`: what is none is taken as that.
struct Run {
    const i32* places;
    const u64 *signs, *lanes;
    i64 count, last;

    i64 place(i64 e) const { return clamp(i64{places[e]}, i64{0}, last); }
};

}  // namespace linocut::LINOCUT_NS::kept
