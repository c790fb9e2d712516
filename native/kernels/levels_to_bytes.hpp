// levels_to_bytes: codes in planes as bytes, 255 over the largest times as large. A part is a row.
#pragma once

#include "level_planes.hpp"

namespace linocut::LINOCUT_NS::levels_to_bytes {

enum { FIRST, Y = 4 };

inline i64 units(const Call& call) { return Fold(call.operands[Y]).of(call.operands[Y]).rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold(call.operands[Y]);
    const Operand y = fold.of(call.operands[Y]);
    const level_planes::Planes planes(call, FIRST);
    const u8 times = static_cast<u8>(255 / level_planes::largest(planes.count));
    alignas(64) u8 codes[segment];
    each_segment(y, begin, end, [&](i64 r, i64 first, i64 n) {
        planes.codes(fold, r, first / segment, codes);
        u8* out = row<u8>(y, r) + first;
        for (i64 c = 0; c < segment; ++c) codes[c] = static_cast<u8>(codes[c] * times);
        std::memcpy(out, codes, static_cast<std::size_t>(n));
    });
}

}  // namespace linocut::LINOCUT_NS::levels_to_bytes
