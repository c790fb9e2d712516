// conv2d_weight_gradient_float_sgd: sgd is the sink of a gradient in floats, so that dW is never stored
// (src/linocut/ops/conv2d_weight_gradient_float_sgd.py).
#pragma once

#include "conv2d_weight_gradient.hpp"
#include "sgd.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient_float_sgd {

enum { DY, X, W, M, CONTROL, RANDOM, COUNTERS };
enum { OF_UPDATE = conv2d_weight_gradient::EXACT + 1 };  // attributes, after those of the gradient

inline i64 units(const Call& call) { return conv2d_weight_gradient::units(call); }

// What moves weights along the gradients that it is given, and counts how many signs change.
struct Mover {
    const Operand &w, &m;
    const sgd::FloatStep step;
    i64 flips = 0;

    void operator()(i64 r, i64 first, i64 n, float* gradients) { flips += step.move(r, first, n, gradients); }
    void fetch(i64 r, i64 first, i64 n) const {
        for (i64 c = first; c < first + n; c += 16) {  // a cache line
            __builtin_prefetch(row<float>(w, r) + c, 1);
            __builtin_prefetch(row<float>(m, r) + c, 1);
        }
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand* all = call.operands;
    const double* attributes = call.attributes + OF_UPDATE;
    const updates::Shares whole(all[W], Operand{}, attributes[sgd::MOMENTUM], 1.0);
    Mover mover{all[W], all[M], {all[W], all[M], all[CONTROL], all[RANDOM], whole, attributes}};
    const bool exact = call.attributes[conv2d_weight_gradient::EXACT] != 0.0;
    conv2d_weight_gradient::each_float_gradient(call, conv2d_weight_gradient::Convolution(call), exact, begin, end,
                                                mover);
    add_to_counter(all[COUNTERS], counter_flips, mover.flips);
}

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient_float_sgd
