// What the batch norm kernels share (src/linocut/ops/norm.py). A part is 64 channels: one word of bits of every row.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::norm {

inline constexpr double l1 = 1.0;
inline constexpr double epsilon = 1e-5;

inline i64 units(const Operand& elements) { return divide_up(elements.cols, segment); }

// What x is divided by: psi, or the square root of variance + epsilon.
inline double divisor(const Operand& stats, i64 channel, double kind) {
    const double spread = load_float(stats, 1, channel);
    return kind == l1 ? spread : std::sqrt(spread + epsilon);
}

// 0 for a channel that does not vary: it outputs beta and passes no gradient.
inline double reciprocal(const Operand& stats, i64 channel, double kind) {
    const double by = divisor(stats, channel, kind);
    return by > 0.0 ? 1.0 / by : 0.0;
}

// x = (y - mu) / divisor + beta for up to 64 channels, in 32-bit floats.
struct Normaliser {
    float mean[segment] = {}, inverse[segment] = {}, beta[segment] = {};

    Normaliser(const Operand& stats, const Operand& shift, i64 first, i64 n, double kind) {
        load_floats(stats, 0, first, n, mean);
        load_floats(shift, 0, first, n, beta);
        for (i64 c = 0; c < n; ++c) inverse[c] = static_cast<float>(reciprocal(stats, first + c, kind));
    }

    void apply(const Operand& y, i64 r, i64 first, i64 n, float* x) const {
        load_floats(y, r, first, n, x);
        for (i64 c = 0; c < n; ++c) x[c] = (x[c] - mean[c]) * inverse[c] + beta[c];
    }
};

}  // namespace linocut::LINOCUT_NS::norm
