// softmax_cross_entropy: loss, right answers, gradient. One part: sums run over the rows in order, so that the loss has the same
// bits everywhere; logits are few.
#pragma once

#include "elementary.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS::softmax_cross_entropy {

enum { LOGITS, LABELS, GRADIENT, EXPONENT, LOSS, COUNTERS };

inline constexpr int mantissa_bits = 15;

inline i64 units(const Call&) { return 1; }

// e^(logit - largest) of up to 64 classes.
struct Powers {
    alignas(64) double values[segment];

    Powers(const Operand& logits, i64 r, i64 first, i64 n, double largest) {
        float x[segment] = {};
        load_floats(logits, r, first, n, x);
        const i64 whole = divide_up(n, 8) * 8;  // whole vectors; what is past n is not used, but has a power too
        for (i64 c = n; c < whole; ++c) x[c] = static_cast<float>(largest);
        for (i64 c = 0; c < whole; ++c) values[c] = exponential(static_cast<double>(x[c]) - largest);
    }
};

struct Row {
    double largest = 0.0, total = 0.0;
    i64 best = 0;
    i64 label = -1;  // -1: not an example

    Row(const Operand& logits, const Operand& labels, i64 r) {
        largest = load_float(logits, r, 0);
        for (i64 c = 1; c < logits.cols; ++c) {
            const double x = load_float(logits, r, c);
            if (x > largest) {
                largest = x;
                best = c;
            }
        }
        for (i64 first = 0; first < logits.cols; first += segment) {
            const i64 n = least(segment, logits.cols - first);
            const Powers powers(logits, r, first, n, largest);
            for (i64 c = 0; c < n; ++c) total += powers.values[c];  // in the order of the classes
        }
        const i32 given_label = static_cast<const i32*>(labels.data)[r];
        if (given_label >= 0 && given_label < logits.cols) label = given_label;
    }

    // d loss / d logit of class c, the loss being the mean over all rows.
    double slope(double power, i64 c, i64 rows) const {
        return label < 0 ? 0.0 : (power / total - (c == label ? 1.0 : 0.0)) / static_cast<double>(rows);
    }
};

// Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
inline double largest_slope(const Operand& logits, const Operand& labels) {
    double size = 0.0;
    for (i64 r = 0; r < logits.rows; ++r) {
        const Row of(logits, labels, r);
        if (of.label < 0) continue;
        const double power = exponential(static_cast<double>(load_float(logits, r, of.label)) - of.largest);
        size = most(size, std::fabs(of.slope(power, of.label, logits.rows)));
    }
    return size;
}

inline void store_slopes(const Operand& gradient, i64 r, i64 first, i64 n, const double* slopes, int shift) {
    if (gradient.format == Format::i16) {
        for (i64 c = 0; c < n; ++c) {
            const double scaled = std::floor(std::ldexp(slopes[c], shift) + 0.5);
            row<i16>(gradient, r)[first + c] = static_cast<i16>(clamp(scaled, -32767.0, 32767.0));
        }
        return;
    }
    for (i64 c = 0; c < n; ++c) store_float(gradient, r, first + c, static_cast<float>(slopes[c]));
}

inline void run(const Call& call, i64, i64) {
    const Operand &logits = call.operands[LOGITS], &labels = call.operands[LABELS], &gradient = call.operands[GRADIENT];
    const bool mantissas = given(call.operands[EXPONENT]);
    const int shift = mantissas ? mantissa_bits - binary_exponent(largest_slope(logits, labels)) : 0;
    if (mantissas) *row<i32>(call.operands[EXPONENT], 0) = -shift;
    double* loss = row<double>(call.operands[LOSS], 0);
    i64 correct = 0, examples = 0;
    for (i64 r = 0; r < logits.rows; ++r) {
        const Row of(logits, labels, r);
        if (of.label >= 0) {
            *loss += logarithm(of.total) - (static_cast<double>(load_float(logits, r, of.label)) - of.largest);
            correct += of.best == of.label;
            ++examples;
        }
        if (!given(gradient)) continue;
        for (i64 first = 0; first < logits.cols; first += segment) {
            const i64 n = least(segment, logits.cols - first);
            Powers powers(logits, r, first, n, of.largest);
            for (i64 c = 0; c < n; ++c) powers.values[c] = of.slope(powers.values[c], first + c, logits.rows);
            store_slopes(gradient, r, first, n, powers.values, shift);
        }
    }
    add_to_counter(call.operands[COUNTERS], counter_correct, correct);
    add_to_counter(call.operands[COUNTERS], counter_examples, examples);
}

}  // namespace linocut::LINOCUT_NS::softmax_cross_entropy
