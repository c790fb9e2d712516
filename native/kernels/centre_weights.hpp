// centre_weights: w <- w - the mean of its row, within [-1, 1] (src/linocut/ops/centre_weights.py). A part is a row.
#pragma once

#include "micro_batch.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS::centre_weights {

enum { W, MICRO };

inline i64 units(const Call& call) { return call.operands[W].rows; }

template <class T, i32 one>
inline void centre_whole(T* w, i64 n) {
    i64 sum = 0;
    for (i64 i = 0; i < n; ++i) sum += w[i];
    const i64 twice = 2 * sum + n, by = 2 * n;
    const i32 mean = static_cast<i32>(twice >= 0 ? twice / by : -((-twice + by - 1) / by));  // the floor
    for (i64 i = 0; i < n; ++i) w[i] = static_cast<T>(clamp(i32{w[i]} - mean, -one, one));
}

inline void centre_floats(const Operand& w, i64 r) {
    float values[segment];
    double sum = 0.0;
    for (i64 first = 0; first < w.cols; first += segment) {
        const i64 n = least(segment, w.cols - first);
        load_floats(w, r, first, n, values);
        for (i64 i = 0; i < n; ++i) sum += static_cast<double>(values[i]);
    }
    const float mean = static_cast<float>(sum / static_cast<double>(w.cols));
    for (i64 first = 0; first < w.cols; first += segment) {
        const i64 n = least(segment, w.cols - first);
        load_floats(w, r, first, n, values);
        for (i64 i = 0; i < n; ++i) values[i] = clamp(values[i] - mean, -1.0f, 1.0f);
        store_floats(w, r, first, n, values);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& w = call.operands[W];
    if (!micro_batch(call.operands[MICRO]).last()) return;
    for (i64 r = begin; r < end; ++r) {
        if (w.format == Format::q15) {
            centre_whole<i16, 32767>(row<i16>(w, r), w.cols);
        } else if (w.format == Format::q7) {
            centre_whole<i8, 127>(row<i8>(w, r), w.cols);
        } else {
            centre_floats(w, r);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::centre_weights
