// Which groups of rows have anything but 0.
#pragma once

#include "../x86.hpp"
#include "tiles.hpp"

namespace linocut::LINOCUT_NS {

inline u32 used_of_eight(ByteRows rows, i64 count, i64 group) {
    __m256i all = load_whole(rows.data + 4 * group);
    for (i64 m = 1; m < count; ++m) all = _mm256_or_si256(all, load_whole(rows.from(m).data + 4 * group));
    const __m256i unused = _mm256_cmpeq_epi32(all, _mm256_setzero_si256());
    return static_cast<u32>(_mm256_movemask_ps(_mm256_castsi256_ps(unused))) ^ 0xFFu;
}

}  // namespace linocut::LINOCUT_NS
