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
    double power = 0.0;  // the label's
    i64 best = 0;
    i64 label = -1;  // -1: not an example

    Row() = default;
    Row(const Operand& logits, const Operand& labels, i64 r) {
        largest = load_float(logits, r, 0);
        for (i64 c = 1; c < logits.cols; ++c) {
            const double x = load_float(logits, r, c);
            if (x > largest) {
                largest = x;
                best = c;
            }
        }
        const i32 given_label = static_cast<const i32*>(labels.data)[r];
        if (given_label >= 0 && given_label < logits.cols) label = given_label;
        for (i64 first = 0; first < logits.cols; first += segment) {
            const i64 n = least(segment, logits.cols - first);
            const Powers powers(logits, r, first, n, largest);
            for (i64 c = 0; c < n; ++c) total += powers.values[c];  // in the order of the classes
            if (label >= first && label < first + n) power = powers.values[label - first];
        }
    }

    // d loss / d logit of class c, the loss being the mean over all rows.
    double slope(double of_class, i64 c, i64 rows) const {
        return label < 0 ? 0.0 : (of_class / total - (c == label ? 1.0 : 0.0)) / static_cast<double>(rows);
    }
};

// The rows of a batch; as many are kept as are usual.
struct Rows {
    static constexpr i64 most_kept = 256;
    const Operand &logits, &labels;
    Row kept[most_kept];

    Rows(const Operand& of, const Operand& with) : logits(of), labels(with) {
        for (i64 r = 0; r < least(most_kept, logits.rows); ++r) kept[r] = Row(logits, labels, r);
    }

    Row operator[](i64 r) const { return r < most_kept ? kept[r] : Row(logits, labels, r); }

    // Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
    double largest_slope() const {
        double size = 0.0;
        for (i64 r = 0; r < logits.rows; ++r) {
            const Row of = (*this)[r];
            if (of.label >= 0) size = most(size, std::fabs(of.slope(of.power, of.label, logits.rows)));
        }
        return size;
    }
};

inline void store_slopes(const Operand& gradient, i64 r, i64 first, i64 n, const double* slopes, int shift) {
    if (gradient.format == Format::i16) {
        constexpr int most_shift = 1000;  // by which no slope overflows: a product with a power of two then is exact
        const double unit = std::ldexp(1.0, least(shift, most_shift)), more = std::ldexp(1.0, shift - least(shift, most_shift));
        for (i64 c = 0; c < n; ++c) {
            const double scaled = std::floor(slopes[c] * unit * more + 0.5);
            row<i16>(gradient, r)[first + c] = static_cast<i16>(clamp(scaled, -32767.0, 32767.0));
        }
        return;
    }
    for (i64 c = 0; c < n; ++c) store_float(gradient, r, first + c, static_cast<float>(slopes[c]));
}

inline void run(const Call& call, i64, i64) {
    const Operand &logits = call.operands[LOGITS], &labels = call.operands[LABELS], &gradient = call.operands[GRADIENT];
    const bool mantissas = given(call.operands[EXPONENT]);
    const Rows rows(logits, labels);
    const int shift = mantissas ? mantissa_bits - binary_exponent(rows.largest_slope()) : 0;
    if (mantissas) *row<i32>(call.operands[EXPONENT], 0) = -shift;
    double* loss = row<double>(call.operands[LOSS], 0);
    i64 correct = 0, examples = 0;
    for (i64 r = 0; r < logits.rows; ++r) {
        const Row of = rows[r];
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
