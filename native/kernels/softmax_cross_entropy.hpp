// softmax_cross_entropy: loss, right answers, gradient. One part: sums run over the rows in order, so that the loss has the same
// bits everywhere; logits are few. Rows are side by side in vectors, 16 at a time, and classes one after the other.
#pragma once

#include "elementary.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS::softmax_cross_entropy {

enum { LOGITS, LABELS, GRADIENT, EXPONENT, LOSS, COUNTERS };

inline constexpr int mantissa_bits = 15;
inline constexpr i64 abreast = 16;

inline i64 units(const Call&) { return 1; }

using Numbers = double[abreast];  // of each row

// Logits [first, first + n) of rows [begin, begin + rows), class by class; 0 for rows that are missing.
struct Columns {
    alignas(64) double of[segment][abreast];
    i64 first, n;

    void load(const Operand& logits, i64 begin, i64 rows, i64 from) {
        first = from;
        n = least(segment, logits.cols - from);
        float values[segment] = {};
        for (i64 r = 0; r < abreast; ++r) {
            if (r < rows) load_floats(logits, begin + r, first, n, values);
            for (i64 c = 0; c < n; ++c) of[c][r] = r < rows ? static_cast<double>(values[c]) : 0.0;
        }
    }
};

// What the logits of up to 16 rows say.
struct Block {
    Numbers largest = {}, best = {}, label = {}, total = {}, power = {};  // `power` is the label's
    i64 begin = 0, rows = 0;

    Block() = default;
    // The powers of its last columns are left in `powers`.
    Block(const Operand& logits, const Operand& labels, i64 from, Columns& powers)
        : begin(from), rows(least(abreast, logits.rows - from)) {
        const i32* given_labels = static_cast<const i32*>(labels.data) + begin;
        for (i64 r = 0; r < abreast; ++r) {
            const bool valid = r < rows && given_labels[r] >= 0 && given_labels[r] < logits.cols;
            label[r] = valid ? given_labels[r] : -1;  // -1: not an example
        }
        each_columns(logits, powers, [&](const Columns& x) { find_largest(x); });
        each_columns(logits, powers, [&](Columns& x) { add_powers(x); });
    }

    template <class Visit>
    void each_columns(const Operand& logits, Columns& x, Visit&& visit) const {
        for (i64 first = 0; first < logits.cols; first += segment) {
            x.load(logits, begin, rows, first);
            visit(x);
        }
    }

    void find_largest(const Columns& x) {
        if (x.first == 0) std::memcpy(largest, x.of[0], sizeof largest);
        for (i64 c = 0; c < x.n; ++c) {
            const double here = static_cast<double>(x.first + c);
            for (i64 r = 0; r < abreast; ++r) {
                const bool larger = x.of[c][r] > largest[r];
                best[r] = larger ? here : best[r];
                largest[r] = larger ? x.of[c][r] : largest[r];
            }
        }
    }

    // Logits become e^(logit - largest).
    void raise(Columns& x) const {
        for (i64 c = 0; c < x.n; ++c) {
            for (i64 r = 0; r < abreast; ++r) x.of[c][r] = exponential(x.of[c][r] - largest[r]);
        }
    }

    void add_powers(Columns& x) {
        raise(x);
        for (i64 c = 0; c < x.n; ++c) {
            const double here = static_cast<double>(x.first + c);
            for (i64 r = 0; r < abreast; ++r) {
                total[r] += x.of[c][r];  // in the order of the classes
                power[r] = label[r] == here ? x.of[c][r] : power[r];
            }
        }
    }

    // d loss / d logit for class c, whose power it is, the loss being the mean over `all` rows.
    double slope(double of_class, i64 r, double c, double all) const {
        const double share = (of_class / total[r] - (label[r] == c ? 1.0 : 0.0)) / all;
        return label[r] < 0.0 ? 0.0 : share;
    }

    // Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
    double largest_slope(double all) const {
        double size = 0.0;
        for (i64 r = 0; r < rows; ++r) {
            if (label[r] >= 0.0) size = most(size, std::fabs(slope(power[r], r, label[r], all)));
        }
        return size;
    }

    void add_losses(const Operand& logits, double* loss) const {
        Numbers logarithms;
        for (i64 r = 0; r < abreast; ++r) logarithms[r] = logarithm(total[r]);
        for (i64 r = 0; r < rows; ++r) {
            if (label[r] < 0.0) continue;
            const double given_label = load_float(logits, begin + r, static_cast<i64>(label[r]));
            *loss += logarithms[r] - (given_label - largest[r]);
        }
    }
};

// The blocks of a batch, and the powers of their last columns; as many are kept as are usual.
struct Blocks {
    static constexpr i64 most_kept = 16;
    const Operand &logits, &labels;
    i64 count;
    Block kept[most_kept];
    Columns powers[most_kept];

    Blocks(const Operand& of, const Operand& with) : logits(of), labels(with), count(divide_up(of.rows, abreast)) {
        for (i64 b = 0; b < least(most_kept, count); ++b) kept[b] = Block(logits, labels, b * abreast, powers[b]);
    }

    // visit(block, its powers) in order.
    template <class Visit>
    void each(Visit&& visit) {
        for (i64 b = 0; b < least(most_kept, count); ++b) visit(kept[b], powers[b]);
        for (i64 b = most_kept; b < count; ++b) {
            Columns columns;
            const Block block(logits, labels, b * abreast, columns);
            visit(block, columns);
        }
    }

    double largest_slope() {
        double size = 0.0;
        each([&](const Block& block, Columns&) { size = most(size, block.largest_slope(static_cast<double>(logits.rows))); });
        return size;
    }
};

// Slopes become mantissas 2^shift times as large.
inline void scale(Columns& x, int shift) {
    constexpr int most_shift = 1000;  // by which no slope overflows: a product with a power of two then is exact
    const double unit = std::ldexp(1.0, least(shift, most_shift)), more = std::ldexp(1.0, shift - least(shift, most_shift));
    for (i64 c = 0; c < x.n; ++c) {
        for (i64 r = 0; r < abreast; ++r) {
            x.of[c][r] = clamp(std::floor(x.of[c][r] * unit * more + 0.5), -32767.0, 32767.0);
        }
    }
}

inline void store(const Operand& gradient, const Block& block, const Columns& x) {
    for (i64 r = 0; r < block.rows; ++r) {
        if (gradient.format == Format::i16) {
            i16* out = row<i16>(gradient, block.begin + r) + x.first;
            for (i64 c = 0; c < x.n; ++c) out[c] = static_cast<i16>(x.of[c][r]);
            continue;
        }
        float values[segment];
        for (i64 c = 0; c < x.n; ++c) values[c] = static_cast<float>(x.of[c][r]);
        store_floats(gradient, block.begin + r, x.first, x.n, values);
    }
}

inline void store_slopes(const Operand& logits, const Operand& gradient, const Block& block, Columns& powers, int shift) {
    const double all = static_cast<double>(logits.rows);
    const auto store_from = [&](Columns& x) {
        for (i64 c = 0; c < x.n; ++c) {
            const double here = static_cast<double>(x.first + c);
            for (i64 r = 0; r < abreast; ++r) x.of[c][r] = block.slope(x.of[c][r], r, here, all);
        }
        if (gradient.format == Format::i16) scale(x, shift);
        store(gradient, block, x);
    };
    if (logits.cols <= segment) {
        store_from(powers);
        return;
    }
    block.each_columns(logits, powers, [&](Columns& x) {
        block.raise(x);
        store_from(x);
    });
}

inline void run(const Call& call, i64, i64) {
    const Operand &logits = call.operands[LOGITS], &gradient = call.operands[GRADIENT];
    const bool mantissas = given(call.operands[EXPONENT]);
    Blocks blocks(logits, call.operands[LABELS]);
    const int shift = mantissas ? mantissa_bits - binary_exponent(blocks.largest_slope()) : 0;
    if (mantissas) *row<i32>(call.operands[EXPONENT], 0) = -shift;
    i64 correct = 0, examples = 0;
    blocks.each([&](const Block& block, Columns& powers) {
        block.add_losses(logits, row<double>(call.operands[LOSS], 0));
        for (i64 r = 0; r < block.rows; ++r) {
            correct += block.best[r] == block.label[r];
            examples += block.label[r] >= 0.0;
        }
        if (given(gradient)) store_slopes(logits, gradient, block, powers, shift);
    });
    add_to_counter(call.operands[COUNTERS], counter_correct, correct);
    add_to_counter(call.operands[COUNTERS], counter_examples, examples);
}

}  // namespace linocut::LINOCUT_NS::softmax_cross_entropy
