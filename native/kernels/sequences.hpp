// sequence_lengths, sequence_pool and its gradient (src/linocut/ops/sequences.py). A part is a sequence.
#pragma once

#include "circulant.hpp"

namespace linocut::LINOCUT_NS::sequence_lengths {

enum { X, LENGTHS };

inline i64 units(const Call& call) { return call.operands[X].shape[0]; }

inline bool any(const float* values, i64 count) {
    bool found = false;
    for (i64 i = 0; i < count; ++i) found |= values[i] != 0.0f;  // also what is not a number
    return found;
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& x = call.operands[X];
    const i64 steps = x.shape[1];
    for (i64 b = begin; b < end; ++b) {
        i64 length = steps;
        while (length > 0 && !any(row<float>(x, b * steps + length - 1), x.cols)) --length;
        row<i32>(call.operands[LENGTHS], 0)[b] = static_cast<i32>(length);
    }
}

}  // namespace linocut::LINOCUT_NS::sequence_lengths

namespace linocut::LINOCUT_NS::sequence_pool {

enum { X, LENGTHS, Y };
enum { LAST };

inline i64 units(const Call& call) { return call.operands[X].shape[0]; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 steps = x.shape[1];
    const bool last = call.attributes[LAST] != 0.0;
    for (i64 b = begin; b < end; ++b) {
        const i64 length = circulant::length_of(call.operands[LENGTHS], b, steps);
        const i64 from = last ? most<i64>(length - 1, 0) : 0;
        for (i64 c = 0; c < x.cols; c += segment) {
            const i64 n = least(segment, x.cols - c);
            float sums[segment] = {}, values[segment] = {};
            for (i64 t = from; t < length; ++t) {
                load_floats(x, b * steps + t, c, n, values);
                for (i64 i = 0; i < segment; ++i) sums[i] += values[i];
            }
            const float count = static_cast<float>(most<i64>(length, 1));
            for (i64 i = 0; !last && i < segment; ++i) sums[i] /= count;
            store_floats(y, b, c, n, last && length > 0 ? values : sums);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::sequence_pool

namespace linocut::LINOCUT_NS::sequence_pool_gradient {

enum { DY, LENGTHS, DX };
enum { LAST };

inline i64 units(const Call& call) { return call.operands[DX].shape[0]; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const i64 steps = dx.shape[1];
    const bool last = call.attributes[LAST] != 0.0;
    for (i64 b = begin; b < end; ++b) {
        const i64 length = circulant::length_of(call.operands[LENGTHS], b, steps);
        const float count = last ? 1.0f : static_cast<float>(most<i64>(length, 1));
        for (i64 c = 0; c < dx.cols; c += segment) {
            const i64 n = least(segment, dx.cols - c);
            float shares[segment] = {}, none[segment] = {};
            load_floats(dy, b, c, n, shares);
            for (i64 i = 0; i < segment; ++i) shares[i] /= count;
            for (i64 t = 0; t < steps; ++t) {
                const bool takes = last ? t == length - 1 : t < length;
                store_floats(dx, b * steps + t, c, n, takes ? shares : none);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::sequence_pool_gradient
