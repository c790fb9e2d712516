// add_bias: y <- y + bias, channel by channel, in f32 (src/linocut/ops/add_bias.py). A part is a row.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::add_bias {

enum { Y, BIAS };

inline i64 units(const Call& call) { return call.operands[Y].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &y = call.operands[Y], &bias = call.operands[BIAS];
    float values[segment] = {}, shifts[segment] = {};
    for (i64 first = 0; first < y.cols; first += segment) {
        const i64 n = least(segment, y.cols - first);
        load_floats(bias, 0, first, n, shifts);
        for (i64 r = begin; r < end; ++r) {
            load_floats(y, r, first, n, values);
            for (i64 c = 0; c < segment; ++c) values[c] += shifts[c];
            store_floats(y, r, first, n, values);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::add_bias
