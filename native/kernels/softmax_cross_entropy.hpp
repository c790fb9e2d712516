// softmax_cross_entropy: loss, right answers, gradient. One part: sums run over the rows in order, so that the loss has
// the same bits everywhere; logits are few. Rows are side by side in vectors, 16 at a time, and classes one after the
// other. What a row aims at is a type: its label alone, or weights of classes and smoothing too
// (src/linocut/ops/softmax_cross_entropy.py).
#pragma once

#include "losses.hpp"

namespace linocut::LINOCUT_NS::softmax_cross_entropy {

enum { LOGITS, LABELS, GRADIENT, EXPONENT, LOSS, COUNTERS, WEIGHTS };
enum { SMOOTHING };

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
    Numbers largest, best, label, total, power;  // `power` is the label's
    i64 begin, rows;

    // The powers of its last columns are left in `powers`.
    void read(const Operand& logits, const Operand& labels, i64 from, Columns& powers) {
        *this = {};
        begin = from;
        rows = least(abreast, logits.rows - from);
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
};

// The label alone.
struct Label {
    explicit Label(const Call&) {}

    struct Aim {
        Aim(const Label&, const Block&) {}

        // d loss / d logit for class c, whose power it is, the loss being the mean over `all` rows.
        double slope(const Block& block, double of_class, i64 r, double c, double all) const {
            const double share = (of_class / block.total[r] - (block.label[r] == c ? 1.0 : 0.0)) / all;
            return block.label[r] < 0.0 ? 0.0 : share;
        }
    };

    // Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
    double largest_slope(const Operand&, const Block& block, const Columns&, double all, Columns&) const {
        double size = 0.0;
        for (i64 r = 0; r < block.rows; ++r) {
            if (block.label[r] < 0.0) continue;
            size = most(size, std::fabs(Aim(*this, block).slope(block, block.power[r], r, block.label[r], all)));
        }
        return size;
    }

    void add_losses(const Operand& logits, const Block& block, double* loss, Columns&) const {
        Numbers logarithms;
        for (i64 r = 0; r < abreast; ++r) logarithms[r] = logarithm(block.total[r]);
        for (i64 r = 0; r < block.rows; ++r) {
            if (block.label[r] < 0.0) continue;
            const double given_label = load_float(logits, block.begin + r, static_cast<i64>(block.label[r]));
            *loss += logarithms[r] - (given_label - block.largest[r]);
        }
    }
};

// The label by its class's weight, and a part of the aim spread over all classes by theirs.
struct Smoothed {
    const Operand& weights;
    i64 classes;
    double smoothing, share;  // `share` of each class
    double spread_over_all = 0.0;

    explicit Smoothed(const Call& call)
        : weights(call.operands[WEIGHTS]),
          classes(call.operands[LOGITS].cols),
          smoothing(call.attributes[SMOOTHING]),
          share(smoothing / static_cast<double>(classes)) {
        for (i64 c = 0; c < classes; ++c) spread_over_all += spread(c);
    }

    double weight(i64 c) const { return given(weights) ? static_cast<double>(row<float>(weights, 0)[c]) : 1.0; }
    double spread(i64 c) const { return share * weight(c); }

    struct Aim {
        const Smoothed& all;
        Numbers own = {}, whole = {};  // of the label alone, and of all classes together

        Aim(const Smoothed& of, const Block& block) : all(of) {
            for (i64 r = 0; r < abreast; ++r) {
                own[r] =
                    block.label[r] < 0.0 ? 0.0 : (1.0 - of.smoothing) * of.weight(static_cast<i64>(block.label[r]));
                whole[r] = own[r] + of.spread_over_all;
            }
        }

        double slope(const Block& block, double of_class, i64 r, double c, double rows) const {
            const double spread = all.spread(static_cast<i64>(c)), aim = block.label[r] == c ? spread + own[r] : spread;
            const double found = (whole[r] * (of_class / block.total[r]) - aim) / rows;
            return block.label[r] < 0.0 ? 0.0 : found;
        }
    };

    // Any class may have the largest: all are gone through.
    double largest_slope(const Operand& logits, const Block& block, const Columns& last, double all,
                         Columns& spare) const {
        const Aim aim(*this, block);
        double size = 0.0;
        const auto see = [&](const Columns& x) {
            for (i64 c = 0; c < x.n; ++c) {
                const double here = static_cast<double>(x.first + c);
                for (i64 r = 0; r < block.rows; ++r)
                    size = most(size, std::fabs(aim.slope(block, x.of[c][r], r, here, all)));
            }
        };
        if (logits.cols <= segment) {
            see(last);
            return size;
        }
        block.each_columns(logits, spare, [&](Columns& x) {
            block.raise(x);
            see(x);
        });
        return size;
    }

    void add_losses(const Operand& logits, const Block& block, double* loss, Columns& spare) const {
        const Aim aim(*this, block);
        Numbers logarithms, spread_losses = {}, of_label = {};
        for (i64 r = 0; r < abreast; ++r) logarithms[r] = logarithm(block.total[r]);
        block.each_columns(logits, spare, [&](const Columns& x) {
            for (i64 c = 0; c < x.n; ++c) {
                const double here = static_cast<double>(x.first + c);
                for (i64 r = 0; r < abreast; ++r) {
                    const double each = logarithms[r] - (x.of[c][r] - block.largest[r]);  // -log p
                    spread_losses[r] += spread(x.first + c) * each;
                    of_label[r] = block.label[r] == here ? each : of_label[r];
                }
            }
        });
        for (i64 r = 0; r < block.rows; ++r) {
            if (block.label[r] >= 0.0) *loss += aim.own[r] * of_label[r] + spread_losses[r];
        }
    }
};

// The blocks of a batch, and the powers of their last columns; as many are kept as are usual.
struct Blocks {
    static constexpr i64 most_kept = 16;
    const Operand &logits, &labels;
    i64 count;
    i64 kept_count;
    Block* kept;
    Columns *powers, &others, &spare;

    Blocks(const Operand& of, const Operand& with, Workspace& space)
        : logits(of),
          labels(with),
          count(divide_up(of.rows, abreast)),
          kept_count(least(most_kept, count)),
          kept(space.several<Block>(kept_count)),
          powers(space.several<Columns>(kept_count)),
          others(space.take<Columns>()),
          spare(space.take<Columns>()) {
        for (i64 b = 0; b < kept_count; ++b) kept[b].read(logits, labels, b * abreast, powers[b]);
    }

    // visit(block, its powers) in order.
    template <class Visit>
    void each(Visit&& visit) {
        for (i64 b = 0; b < kept_count; ++b) visit(kept[b], powers[b]);
        for (i64 b = kept_count; b < count; ++b) {
            Block block;
            block.read(logits, labels, b * abreast, others);
            visit(block, others);
        }
    }

    template <class Target>
    double largest_slope(const Target& target) {
        const double all = static_cast<double>(logits.rows);
        double size = 0.0;
        each([&](const Block& block, Columns& powers) {
            size = most(size, target.largest_slope(logits, block, powers, all, spare));
        });
        return size;
    }
};

// Slopes become mantissas.
inline void scale(Columns& x, const losses::Mantissas& mantissas) {
    for (i64 c = 0; c < x.n; ++c) {
        for (i64 r = 0; r < abreast; ++r) x.of[c][r] = mantissas.of(x.of[c][r]);
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

template <class Target>
inline void store_slopes(const Operand& logits, const Operand& gradient, const Target& target, const Block& block,
                         Columns& powers, const losses::Mantissas& mantissas) {
    const double all = static_cast<double>(logits.rows);
    const typename Target::Aim aim(target, block);
    const auto store_from = [&](Columns& x) {
        for (i64 c = 0; c < x.n; ++c) {
            const double here = static_cast<double>(x.first + c);
            for (i64 r = 0; r < abreast; ++r) x.of[c][r] = aim.slope(block, x.of[c][r], r, here, all);
        }
        if (gradient.format == Format::i16) scale(x, mantissas);
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

template <class Target>
inline void run_towards(const Call& call, const Target& target) {
    const Operand &logits = call.operands[LOGITS], &gradient = call.operands[GRADIENT],
                  &exponent = call.operands[EXPONENT];
    Workspace space(call);
    Blocks blocks(logits, call.operands[LABELS], space);
    const losses::Mantissas mantissas(exponent, given(exponent) ? blocks.largest_slope(target) : 0.0);
    i64 correct = 0, examples = 0;
    blocks.each([&](const Block& block, Columns& powers) {
        target.add_losses(logits, block, row<double>(call.operands[LOSS], 0), blocks.spare);
        for (i64 r = 0; r < block.rows; ++r) {
            correct += block.best[r] == block.label[r];
            examples += block.label[r] >= 0.0;
        }
        if (given(gradient)) store_slopes(logits, gradient, target, block, powers, mantissas);
    });
    add_to_counter(call.operands[COUNTERS], counter_correct, correct);
    add_to_counter(call.operands[COUNTERS], counter_examples, examples);
}

inline void run(const Call& call, i64, i64) {
    if (given(call.operands[WEIGHTS]) || call.attributes[SMOOTHING] != 0.0) {
        run_towards(call, Smoothed(call));
    } else {
        run_towards(call, Label(call));
    }
}

}  // namespace linocut::LINOCUT_NS::softmax_cross_entropy
