// conv2d_weight_gradient_adam, _sgd, _bop: the update is the sink of conv2d_weight_gradient, so that dW is never stored.
#pragma once

#include "conv2d_weight_gradient.hpp"
#include "fused_updates.hpp"

namespace linocut::LINOCUT_NS {

namespace fused {

inline constexpr int window_attributes = 3;  // come before those of the update

inline auto conv2d_gradients(const Call& call, i64 begin, i64 end) {
    return [&call, begin, end](auto&& sink) { conv2d_weight_gradient::integer_gradients(call, begin, end, sink); };
}

}  // namespace fused

namespace conv2d_weight_gradient_adam {

inline i64 units(const Call& call) { return conv2d_weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_adam(call, call.attributes + fused::window_attributes, fused::conv2d_gradients(call, begin, end));
}

}  // namespace conv2d_weight_gradient_adam

namespace conv2d_weight_gradient_sgd {

inline i64 units(const Call& call) { return conv2d_weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_sgd(call, call.attributes + fused::window_attributes, fused::conv2d_gradients(call, begin, end));
}

}  // namespace conv2d_weight_gradient_sgd

namespace conv2d_weight_gradient_bop {

inline i64 units(const Call& call) { return conv2d_weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_bop(call, call.attributes + fused::window_attributes, fused::conv2d_gradients(call, begin, end));
}

}  // namespace conv2d_weight_gradient_bop

}  // namespace linocut::LINOCUT_NS
