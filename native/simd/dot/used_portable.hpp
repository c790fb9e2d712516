// Which groups of rows have anything but 0.
#pragma once

#include "tiles.hpp"

namespace linocut::LINOCUT_NS {

inline u32 used_of_eight(ByteRows rows, i64 count, i64 group) {
    u32 used = 0;
    for (i64 i = 0; i < 8; ++i) used |= is_used(rows, count, group + i) << i;
    return used;
}

}  // namespace linocut::LINOCUT_NS
