// add_bias: y <- y + bias, channel by channel, in f32 (src/linocut/ops/add_bias.py). A part is a row, or some of few
// channels.
#pragma once

#include "fold.hpp"

namespace linocut::LINOCUT_NS::add_bias {

enum { Y, BIAS };

inline i64 units(const Call& call) { return Fold::elements(call.operands[Y]).of(call.operands[Y]).rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold = Fold::elements(call.operands[Y]);
    const Operand y = fold.of(call.operands[Y]);
    const Operand& bias = call.operands[BIAS];
    float values[segment] = {}, shifts[segment] = {};
    for (i64 first = 0; first < y.cols; first += segment) {
        const i64 n = least(segment, y.cols - first);
        load_floats(bias, 0, first, least(n, fold.cols), shifts);
        fold.repeat(shifts);
        for (i64 r = begin; r < end; ++r) {
            load_floats(y, r, first, n, values);
            for (i64 c = 0; c < segment; ++c) values[c] += shifts[c];
            store_floats(y, r, first, n, values);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::add_bias
