// square_sum and clip_gradient: gradients whose norm, of all together, is bounded (src/linocut/ops/clip_gradients.py).
// How: the sum of squares is one part, in f64: 64 lanes, then these in order. A gradient is clipped block by block.
#pragma once

#include "micro_batch.hpp"
#include "numbers.hpp"

namespace linocut::LINOCUT_NS::square_sum {

enum { DW, SUM, MICRO };

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) {
    if (!micro_batch(call.operands[MICRO]).last()) return;
    const Operand& dw = call.operands[DW];
    double lanes[segment] = {};
    numbers::for_segments(dw, 0, numbers::blocks(dw), [&](i64 first, i64 n) {
        double values[segment] = {};
        load_doubles(dw, 0, first, n, values);
        for (i64 i = 0; i < segment; ++i) lanes[i] += values[i] * values[i];
    });
    double* sum = row<double>(call.operands[SUM], 0);
    double total = call.attributes[0] != 0.0 ? 0.0 : *sum;
    for (const double lane : lanes) total += lane;
    *sum = total;
}

}  // namespace linocut::LINOCUT_NS::square_sum

namespace linocut::LINOCUT_NS::clip_gradient {

enum { DW, SUM, MICRO };

inline i64 units(const Call& call) { return numbers::blocks(call.operands[DW]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const double most = call.attributes[0], norm = std::sqrt(*row<double>(call.operands[SUM], 0));
    if (!micro_batch(call.operands[MICRO]).last() || !(norm > most && norm < HUGE_VAL)) return;
    const float factor = static_cast<float>(most / norm);
    float values[segment] = {};
    numbers::for_segments(call.operands[DW], begin, end, [&](i64 first, i64 n) {
        load_floats(call.operands[DW], 0, first, n, values);
        for (i64 i = 0; i < segment; ++i) values[i] *= factor;
        store_floats(call.operands[DW], 0, first, n, values);
    });
}

}  // namespace linocut::LINOCUT_NS::clip_gradient
