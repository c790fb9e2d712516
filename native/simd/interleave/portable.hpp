// Four rows of 64 bytes or bits side by side.
#pragma once

#include "../bits/expand_portable.hpp"

namespace linocut::LINOCUT_NS {

// `n` bytes of each row (null: zeros) -> [64][4]; the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    if (n == segment && four[3]) {
        const u8 *a = four[0], *b = four[1], *c = four[2], *d = four[3];
        for (i64 i = 0; i < segment; ++i) {
            out[4 * i] = a[i];
            out[4 * i + 1] = b[i];
            out[4 * i + 2] = c[i];
            out[4 * i + 3] = d[i];
        }
        return;
    }
    for (i64 c = 0; c < segment; ++c) {
        for (int i = 0; i < 4; ++i) out[4 * c + i] = four[i] && c < n ? four[i][c] : 0;
    }
}

// The bits of four rows -> [64][4] of 0 and 1.
inline void interleave_bits(const u64* four, u8* out) {
    u8 bytes[4][segment];
    const u8* rows[4];
    for (int i = 0; i < 4; ++i) {
        expand_bits(four[i], bytes[i]);
        rows[i] = bytes[i];
    }
    interleave_bytes(rows, segment, out);
}

}  // namespace linocut::LINOCUT_NS
