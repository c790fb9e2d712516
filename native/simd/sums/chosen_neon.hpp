// Sums of bytes that bits choose.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../bits/neon.hpp"

namespace linocut::LINOCUT_NS {

// What packing panels for dot products costs more than ChosenBytes' sums of these rows.
inline constexpr i64 few_rows = 3;

// Sums of bytes, 64 at a time, whose bits are 1.
struct ChosenBytes {
    uint32x4_t sums = vdupq_n_u32(0);

    void add(const u8* bytes, u64 bits) {
        unrolled<4>([&](auto i) {
            const uint8x16_t masks = vceqq_u8(expand_sixteen(bits >> (16 * i)), vdupq_n_u8(1));
            sums = vpadalq_u16(sums, vpaddlq_u8(vandq_u8(vld1q_u8(bytes + 16 * i), masks)));
        });
    }
    i32 total() const { return static_cast<i32>(add_all(sums)); }
};

}  // namespace linocut::LINOCUT_NS
