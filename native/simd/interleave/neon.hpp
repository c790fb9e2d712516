// Four rows of 64 bytes or bits side by side.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../../kernels/whole_rows.hpp"
#include "../bits/neon.hpp"

namespace linocut::LINOCUT_NS {

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    const WholeRows<4> whole(four, n);
    const auto load = [&](int i, i64 c) { return vld1q_u8(whole.rows[i] + c); };
    for (i64 c = 0; c < segment; c += 16) vst4q_u8(out + 4 * c, {{load(0, c), load(1, c), load(2, c), load(3, c)}});
}

// The bits of four rows -> [64][4] of 0 and 1.
inline void interleave_bits(const u64* four, u8* out) {
    for (int quarter = 0; quarter < 4; ++quarter) {
        uint8x16x4_t ones;
        unrolled<4>([&](auto i) { ones.val[i] = expand_sixteen(four[i] >> (16 * quarter)); });
        vst4q_u8(out + 64 * quarter, ones);
    }
}

}  // namespace linocut::LINOCUT_NS
