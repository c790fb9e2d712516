// softmax_cross_entropy: loss, right answers, gradient. One part: sums run over the rows in order, so that the loss has the same
// bits everywhere; logits are few.
#pragma once

#include "elementary.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS::softmax_cross_entropy {

enum { LOGITS, LABELS, GRADIENT, EXPONENT, LOSS, COUNTERS };

inline constexpr int mantissa_bits = 15;

inline i64 units(const Call&) { return 1; }

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
        for (i64 c = 0; c < logits.cols; ++c) total += exponential(load_float(logits, r, c) - largest);
        const i32 given_label = static_cast<const i32*>(labels.data)[r];
        if (given_label >= 0 && given_label < logits.cols) label = given_label;
    }

    // d loss / d logit c, the loss being the mean over all rows.
    double slope(const Operand& logits, i64 r, i64 c) const {
        if (label < 0) return 0.0;
        const double p = exponential(load_float(logits, r, c) - largest) / total;
        return (p - (c == label ? 1.0 : 0.0)) / static_cast<double>(logits.rows);
    }
};

// Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
inline double largest_slope(const Operand& logits, const Operand& labels) {
    double size = 0.0;
    for (i64 r = 0; r < logits.rows; ++r) {
        const Row of(logits, labels, r);
        if (of.label >= 0) size = most(size, std::fabs(of.slope(logits, r, of.label)));
    }
    return size;
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
        for (i64 c = 0; c < logits.cols; ++c) {
            const double slope = of.slope(logits, r, c);
            if (mantissas) {
                const double scaled = std::floor(std::ldexp(slope, shift) + 0.5);
                row<i16>(gradient, r)[c] = static_cast<i16>(clamp(scaled, -32767.0, 32767.0));
            } else {
                store_float(gradient, r, c, static_cast<float>(slope));
            }
        }
    }
    add_to_counter(call.operands[COUNTERS], counter_correct, correct);
    add_to_counter(call.operands[COUNTERS], counter_examples, examples);
}

}  // namespace linocut::LINOCUT_NS::softmax_cross_entropy
