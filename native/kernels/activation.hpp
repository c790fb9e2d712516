// tanh, sigmoid and their gradients, element by element (src/linocut/ops/activation.py). A part is a block of elements.
#pragma once

#include "elementary.hpp"
#include "numbers.hpp"

namespace linocut::LINOCUT_NS::activation {

// y = function(x), the function in f64.
template <class Function>
inline void forward(const Call& call, i64 begin, i64 end, Function function) {
    const Operand &x = call.operands[0], &y = call.operands[1];
    float values[segment] = {};
    numbers::for_segments(y, begin, end, [&](i64 first, i64 n) {
        load_floats(x, 0, first, n, values);
        for (i64 i = 0; i < segment; ++i) values[i] = static_cast<float>(function(static_cast<double>(values[i])));
        store_floats(y, 0, first, n, values);
    });
}

// dx = dy slope(y), in f32.
template <class Slope>
inline void backward(const Call& call, i64 begin, i64 end, Slope slope) {
    const Operand &dy = call.operands[0], &y = call.operands[1], &dx = call.operands[2];
    float g[segment] = {}, out[segment] = {};
    numbers::for_segments(dx, begin, end, [&](i64 first, i64 n) {
        load_floats(dy, 0, first, n, g);
        load_floats(y, 0, first, n, out);
        for (i64 i = 0; i < segment; ++i) g[i] *= slope(out[i]);
        store_floats(dx, 0, first, n, g);
    });
}

inline i64 units(const Call& call) { return numbers::blocks(call.operands[0]); }

}  // namespace linocut::LINOCUT_NS::activation

namespace linocut::LINOCUT_NS::tanh {

using activation::units;

inline void run(const Call& call, i64 begin, i64 end) {
    activation::forward(call, begin, end, [](double x) { return hyperbolic_tangent(x); });
}

}  // namespace linocut::LINOCUT_NS::tanh

namespace linocut::LINOCUT_NS::tanh_gradient {

using activation::units;

inline void run(const Call& call, i64 begin, i64 end) {
    activation::backward(call, begin, end, [](float y) { return 1.0f - y * y; });
}

}  // namespace linocut::LINOCUT_NS::tanh_gradient

namespace linocut::LINOCUT_NS::sigmoid {

using activation::units;

inline void run(const Call& call, i64 begin, i64 end) {
    activation::forward(call, begin, end, [](double x) { return logistic(x); });
}

}  // namespace linocut::LINOCUT_NS::sigmoid

namespace linocut::LINOCUT_NS::sigmoid_gradient {

using activation::units;

inline void run(const Call& call, i64 begin, i64 end) {
    activation::backward(call, begin, end, [](float y) { return y * (1.0f - y); });
}

}  // namespace linocut::LINOCUT_NS::sigmoid_gradient
