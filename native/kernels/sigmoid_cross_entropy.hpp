// sigmoid_cross_entropy: binary cross-entropy from logits and its gradient (src/linocut/ops/sigmoid_cross_entropy.py).
#pragma once

#include "losses.hpp"

namespace linocut::LINOCUT_NS::sigmoid_cross_entropy {

struct CrossEntropy {
    double unit;

    explicit CrossEntropy(const Operand& logits) : unit(1.0 / losses::elements(logits)) {}

    double loss(double x, double target) const {
        return (x > 0.0 ? x : 0.0) - x * target + logarithm(1.0 + exponential(-std::fabs(x)));
    }
    double slope(double x, double target) const { return (logistic(x) - target) * unit; }
    bool right(double x, double target) const { return (x >= 0.0) == (target >= 0.5); }
};

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) { losses::Elementwise<CrossEntropy>(call).run(); }

}  // namespace linocut::LINOCUT_NS::sigmoid_cross_entropy
