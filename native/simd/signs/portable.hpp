// Bits of weights as bytes, -1 or +1, of eight outputs at a time.
#pragma once

#include "../dot/tiles.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr bool expands_signs_of_eight = false;  // no faster than a group after the other

// Groups [0, 8) of eight columns of a panel, of 32 bits each.
inline void expand_signs_of_eight(const i32* columns, u8 (*panel)[tile_columns][4], i64 column) {
    for (i64 c = 0; c < 8; ++c) {
        for (int bit = 0; bit < 32; ++bit) panel[bit / 4][column + c][bit % 4] = columns[c] >> bit & 1 ? 0x01 : 0xFF;
    }
}

}  // namespace linocut::LINOCUT_NS
