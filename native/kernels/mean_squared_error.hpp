// mean_squared_error: (output - target)^2 and its gradient (src/linocut/ops/mean_squared_error.py).
#pragma once

#include "losses.hpp"

namespace linocut::LINOCUT_NS::mean_squared_error {

struct Square {
    double unit;

    explicit Square(const Operand& outputs) : unit(2.0 / losses::elements(outputs)) {}

    double loss(double x, double target) const { return (x - target) * (x - target); }
    double slope(double x, double target) const { return (x - target) * unit; }
    bool right(double, double) const { return false; }  // nothing counts
};

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) { losses::Elementwise<Square>(call).run(); }

}  // namespace linocut::LINOCUT_NS::mean_squared_error
