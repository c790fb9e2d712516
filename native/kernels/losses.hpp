// What the losses share: gradients as mantissas; and those whose outputs have a target each
// (src/linocut/ops/losses.py).
#pragma once

#include "elementary.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS::losses {

inline constexpr int mantissa_bits = 15;

// i16 mantissas of slopes, of which the largest fills 15 bits. Their exponent is stored where there is one.
struct Mantissas {
    double unit = 1.0, more = 1.0;

    Mantissas(const Operand& exponent, double largest) {
        if (!given(exponent)) return;
        constexpr int most_shift = 1000;  // by which no slope overflows: a product with a power of two then is exact
        const int shift = mantissa_bits - binary_exponent(largest);
        unit = std::ldexp(1.0, least(shift, most_shift));
        more = std::ldexp(1.0, shift - least(shift, most_shift));
        *row<i32>(exponent, 0) = -shift;
    }

    // The least for what is not a number.
    double of(double slope) const { return half_up(most(-32767.0, least(slope * unit * more, 32767.0))); }
};

enum { OUTPUTS, TARGETS, GRADIENT, EXPONENT, LOSS, COUNTERS };

// 64 outputs of a row and their targets.
struct Pairs {
    double x[segment], target[segment];
    i64 n;

    Pairs(const Call& call, i64 r, i64 first) : n(least(segment, call.operands[OUTPUTS].cols - first)) {
        float outputs[segment] = {}, targets[segment] = {};
        load_floats(call.operands[OUTPUTS], r, first, n, outputs);
        load_floats(call.operands[TARGETS], r, first, n, targets);
        for (i64 c = 0; c < segment; ++c) x[c] = static_cast<double>(outputs[c]);
        for (i64 c = 0; c < segment; ++c) target[c] = static_cast<double>(targets[c]);
    }
};

// A row whose first target is not a number is not an example.
inline bool is_example(const Call& call, i64 r) {
    const float target = *row<float>(call.operands[TARGETS], r);
    return target == target;
}

// A loss of outputs with a target each, the mean over the outputs of an example. Loss has
//   double loss(x, target)    of one output
//   double slope(x, target)   of one output, for the gradient of the mean over the rows
//   bool right(x, target)     whether it counts as right
// One part: sums run over the rows in order.
template <class Loss>
class Elementwise {
  public:
    explicit Elementwise(const Call& given_call) : call(given_call), outputs(call.operands[OUTPUTS]), of(outputs) {}

    void run() const {
        i64 correct = 0, examples = 0;
        for (i64 r = 0; r < outputs.rows; ++r) {
            if (!is_example(call, r)) continue;
            ++examples;
            correct += add_loss(r);
        }
        add_to_counter(call.operands[COUNTERS], counter_correct, correct);
        add_to_counter(call.operands[COUNTERS], counter_examples, examples);
        if (given(call.operands[GRADIENT])) store_gradient();
    }

  private:
    const Call& call;
    const Operand& outputs;
    Loss of;

    // Whether all outputs are right.
    bool add_loss(i64 r) const {
        double sum = 0.0;
        bool right = true;
        for (i64 first = 0; first < outputs.cols; first += segment) {
            const Pairs pairs(call, r, first);
            double terms[segment];
            for (i64 c = 0; c < segment; ++c) terms[c] = of.loss(pairs.x[c], pairs.target[c]);
            for (i64 c = 0; c < pairs.n; ++c) sum += terms[c];  // in the order of the outputs
            for (i64 c = 0; c < pairs.n; ++c) right &= of.right(pairs.x[c], pairs.target[c]);
        }
        *row<double>(call.operands[LOSS], 0) += sum / static_cast<double>(outputs.cols);
        return right;
    }

    // visit(row, first output, how many, their slopes); those of no example are 0.
    template <class Visit>
    void each_slopes(Visit&& visit) const {
        for (i64 r = 0; r < outputs.rows; ++r) {
            const bool example = is_example(call, r);
            for (i64 first = 0; first < outputs.cols; first += segment) {
                const Pairs pairs(call, r, first);
                double slopes[segment] = {};
                if (example) {
                    for (i64 c = 0; c < segment; ++c) slopes[c] = of.slope(pairs.x[c], pairs.target[c]);
                }
                visit(r, first, pairs.n, slopes);
            }
        }
    }

    double largest_slope() const {
        double size = 0.0;
        each_slopes([&](i64, i64, i64 n, const double* slopes) {
            for (i64 c = 0; c < n; ++c) size = most(size, std::fabs(slopes[c]));
        });
        return size;
    }

    void store_gradient() const {
        const Operand &gradient = call.operands[GRADIENT], &exponent = call.operands[EXPONENT];
        const Mantissas mantissas(exponent, given(exponent) ? largest_slope() : 0.0);
        each_slopes([&](i64 r, i64 first, i64 n, const double* slopes) {
            if (gradient.format == Format::i16) {
                i16* out = row<i16>(gradient, r) + first;
                for (i64 c = 0; c < n; ++c) out[c] = static_cast<i16>(mantissas.of(slopes[c]));
                return;
            }
            float values[segment];
            for (i64 c = 0; c < segment; ++c) values[c] = static_cast<float>(slopes[c]);
            store_floats(gradient, r, first, n, values);
        });
    }
};

// What the gradient of one output is divided by: outputs times rows.
inline double elements(const Operand& outputs) {
    return static_cast<double>(outputs.cols) * static_cast<double>(outputs.rows);
}

}  // namespace linocut::LINOCUT_NS::losses
