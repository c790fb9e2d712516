// accumulate: the mean of a gradient over the micro-batches of a step (src/linocut/ops/accumulate.py). A part is a
// block of elements.
#pragma once

#include "micro_batch.hpp"
#include "numbers.hpp"

namespace linocut::LINOCUT_NS::accumulate {

enum { VALUE, SUM, MICRO };

inline i64 units(const Call& call) { return numbers::blocks(call.operands[SUM]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const MicroBatch micro = micro_batch(call.operands[MICRO]);
    const float divisor = micro.last() ? static_cast<float>(micro.count) : 1.0f;
    float value[segment] = {}, sum[segment] = {};
    numbers::for_segments(call.operands[SUM], begin, end, [&](i64 first, i64 n) {
        load_floats(call.operands[VALUE], 0, first, n, value);
        load_floats(call.operands[SUM], 0, first, n, sum);
        for (i64 i = 0; i < segment; ++i) sum[i] = (micro.first() ? value[i] : sum[i] + value[i]) / divisor;
        store_floats(call.operands[SUM], 0, first, n, sum);
    });
}

}  // namespace linocut::LINOCUT_NS::accumulate
