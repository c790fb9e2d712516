// The levels that codes of i4 stand for (src/linocut/ops/nibbles.py).
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int most_code = 7;
inline constexpr i8 levels[most_code + 1] = {0, 1, 2, 4, 7, 12, 19, 30};
inline constexpr i8 most_level = levels[most_code];
inline constexpr i8 mantissas_of_nibbles[16] = {0, 1, 2, 4, 7, 12, 19, 30, -30, -30, -19, -12, -7, -4, -2, -1};

// Of a size in halves: from `levels[c] + levels[c - 1]` on it is as near to level c as to the one before.
inline u8 code_of(u8 halves) {
    u8 code = 0;
    for (int c = 1; c <= most_code; ++c) code = static_cast<u8>(code + (halves >= levels[c] + levels[c - 1]));
    return code;
}

}  // namespace linocut::LINOCUT_NS
