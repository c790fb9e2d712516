// scale_gradient: the gradient of a scale mean|w| is added to that of latent weights
// (src/linocut/ops/scale_gradient.py). A part is an output.
#pragma once

#include "level_planes.hpp"

namespace linocut::LINOCUT_NS::scale_gradient {

enum { DW, W, SCALE };

inline i64 units(const Call& call) { return call.operands[DW].rows; }

// The level of a weight, an odd integer.
inline float level_of(float w, int planes, const float* bounds) {
    if (planes == 1) return w >= 0.0f ? 1.0f : -1.0f;
    const i64 most = level_planes::largest(planes);
    i64 code = 0;
    for (i64 b = 0; b < most; ++b) code += w >= bounds[b];
    return static_cast<float>(2 * code - most);
}

inline float sign_of(float w) { return w > 0.0f ? 1.0f : w < 0.0f ? -1.0f : 0.0f; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &dw = call.operands[DW], &w = call.operands[W], &scale = call.operands[SCALE];
    const int planes = static_cast<int>(call.attributes[0]);
    float bounds[level_planes::most_boundaries] = {}, weights[segment], gradients[segment];
    for (i64 b = 0; planes > 1 && b < level_planes::largest(planes); ++b)
        bounds[b] = level_planes::float_boundary(planes, b, 1.0);
    for (i64 r = begin; r < end; ++r) {
        const double by = static_cast<double>(load_float(scale, 0, r)) * static_cast<double>(dw.cols) *
                          static_cast<double>(level_planes::largest(planes));
        double sum = 0.0;
        const auto each = [&](const auto& visit) {
            for (i64 first = 0; first < dw.cols; first += segment) {
                const i64 n = least(segment, dw.cols - first);
                load_floats(w, r, first, n, weights);
                load_floats(dw, r, first, n, gradients);
                visit(first, n);
            }
        };
        each([&](i64, i64 n) {
            for (i64 i = 0; i < n; ++i) {
                sum += static_cast<double>(level_of(weights[i], planes, bounds)) * static_cast<double>(gradients[i]);
            }
        });
        const float mean = by > 0.0 ? static_cast<float>(sum / by) : 0.0f;
        each([&](i64 first, i64 n) {
            for (i64 i = 0; i < n; ++i) gradients[i] += sign_of(weights[i]) * mean;
            store_floats(dw, r, first, n, gradients);
        });
    }
}

}  // namespace linocut::LINOCUT_NS::scale_gradient
