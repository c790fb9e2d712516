// hard_tanh: x within [-limit, limit], and |x| <= limit (src/linocut/ops/hard_tanh.py). A part is a row.
#pragma once

#include "fold.hpp"

namespace linocut::LINOCUT_NS::hard_tanh {

enum { X, Y, MASK };

inline i64 units(const Call& call) { return Fold(call.operands[X]).of(call.operands[X]).rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold(call.operands[X]);
    const Operand x = fold.of(call.operands[X]), y = fold.of(call.operands[Y]);
    const Operand& mask = call.operands[MASK];
    const float most = static_cast<float>(call.attributes[0]);
    float values[segment] = {};
    alignas(64) u8 flags[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) flags[c] = std::fabs(values[c]) <= most ? 0xFF : 0;
        for (i64 c = 0; c < segment; ++c) values[c] = values[c] > most ? most : values[c] < -most ? -most : values[c];
        store_floats(y, r, first, n, values);
        if (given(mask)) fold.put_bits(mask, r, first / segment, pack_flags(flags) & (~u64{0} >> (segment - n)));
    });
}

}  // namespace linocut::LINOCUT_NS::hard_tanh
