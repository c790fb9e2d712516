// Where a micro-batch stands in its step: the twin of src/linocut/ops/micro_batch.py.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// Number `place` of `count`, from 1.
struct MicroBatch {
    i64 place = 1, count = 1;

    bool first() const { return place == 1; }
    bool last() const { return place == count; }
};

inline constexpr i64 most_micro_batches = 1 << 20;

// As the buffer has it, which may hold anything: its numbers are made to fit. The whole step where there is none.
inline MicroBatch micro_batch(const Operand& micro) {
    if (!given(micro)) return {};
    const i64* numbers = row<i64>(micro, 0);
    const i64 count = clamp<i64>(numbers[1], 1, most_micro_batches);
    return {clamp<i64>(numbers[0], 1, count), count};
}

}  // namespace linocut::LINOCUT_NS
