// ctc: the loss of labels of a sequence, and its gradient, in logarithms (src/linocut/ops/ctc.py). One part: sums run
// over the sequences in order.
#pragma once

#include "circulant.hpp"
#include "elementary.hpp"

namespace linocut::LINOCUT_NS::ctc {

enum { LOGITS, LENGTHS, TARGETS, GRADIENT, LOSS, COUNTERS, WORK };

inline constexpr double never = -1e30;

inline double together(double a, double b) {
    const double high = a < b ? b : a, low = a < b ? a : b;
    return high + logarithm(1.0 + exponential(low - high));
}

// One sequence, its numbers kept in `work`.
struct Sequence {
    const Operand &logits, &work;
    const i64 first_row, steps, classes, beside;
    i64 places = 1;

    Sequence(const Call& call, i64 b, i64 length)
        : logits(call.operands[LOGITS]),
          work(call.operands[WORK]),
          first_row(b * logits.shape[1]),
          steps(length),
          classes(logits.cols),
          beside(logits.shape[1]) {
        const Operand& targets = call.operands[TARGETS];
        const float* labels = row<float>(targets, b);
        double* z = row<double>(work, beside);
        const double blank = static_cast<double>(classes - 1);
        z[0] = blank;
        for (i64 n = 0; n < targets.cols; ++n) {
            const double label = static_cast<double>(labels[n]);
            if (!(label >= 0.0 && label < blank)) break;
            z[places] = std::floor(label);
            z[places + 1] = blank;
            places += 2;
        }
        for (i64 t = 0; t < steps; ++t) alpha(t)[work.cols - 1] = logarithm_of_sum(t);
    }

    double* alpha(i64 t) const { return row<double>(work, t); }
    double* beta(i64 t) const { return row<double>(work, beside + 1 + t % 2); }
    i64 label(i64 s) const { return static_cast<i64>(row<double>(work, beside)[s]); }
    bool skips(i64 s) const { return s >= 3 && s % 2 == 1 && label(s) != label(s - 2); }
    double logit(i64 t, i64 c) const { return static_cast<double>(load_float(logits, first_row + t, c)); }
    double probability(i64 t, i64 c) const { return logit(t, c) - alpha(t)[work.cols - 1]; }

    double logarithm_of_sum(i64 t) const {
        double largest = logit(t, 0), total = 0.0;
        for (i64 c = 1; c < classes; ++c) largest = most(largest, logit(t, c));
        for (i64 c = 0; c < classes; ++c) total += exponential(logit(t, c) - largest);
        return logarithm(total) + largest;
    }

    // Fills alpha; -log of the probability of all paths.
    double loss() const {
        if (steps == 0) return places == 1 ? 0.0 : HUGE_VAL;
        for (i64 s = 0; s < places; ++s) alpha(0)[s] = s < 2 ? probability(0, label(s)) : never;
        for (i64 t = 1; t < steps; ++t) {
            const double* before = alpha(t - 1);
            for (i64 s = 0; s < places; ++s) {
                const double one = together(before[s], s > 0 ? before[s - 1] : never);
                alpha(t)[s] = together(one, skips(s) ? before[s - 2] : never) + probability(t, label(s));
            }
        }
        const double* last = alpha(steps - 1);
        const double found = places == 1 ? last[0] : together(last[places - 1], last[places - 2]);
        return found < never / 2 ? HUGE_VAL : -found;
    }

    void find_beta(i64 t) const {
        double* now = beta(t);
        if (t == steps - 1) {
            for (i64 s = 0; s < places; ++s) now[s] = s >= places - 2 ? probability(t, label(s)) : never;
            return;
        }
        const double* next = beta(t + 1);
        for (i64 s = 0; s < places; ++s) {
            const double one = together(next[s], s + 1 < places ? next[s + 1] : never);
            const double two = s + 2 < places && skips(s + 2) ? next[s + 2] : never;
            now[s] = together(one, two) + probability(t, label(s));
        }
    }

    // The gradient at the logits of the sequence, of the mean over `all`.
    void store_slopes(const Operand& gradient, double loss, double all) const {
        for (i64 t = steps - 1; t >= 0; --t) {
            find_beta(t);
            for (i64 c = 0; c < classes; ++c) {
                const double share = exponential(probability(t, c));
                double occupied = 0.0;
                for (i64 s = c == classes - 1 ? 0 : 1; s < places; s += 2) {
                    if (label(s) != c) continue;
                    const double of_paths = alpha(t)[s] + beta(t)[s] - probability(t, c) + loss;
                    occupied += exponential(least(of_paths, 0.0));
                }
                store_float(gradient, first_row + t, c, static_cast<float>((share - occupied) / all));
            }
        }
    }
};

inline i64 units(const Call&) { return 1; }

inline void clear(const Operand& gradient, i64 first, i64 count) {
    const float none[segment] = {};
    for (i64 r = first; r < first + count; ++r) {
        for (i64 c = 0; c < gradient.cols; c += segment)
            store_floats(gradient, r, c, least(segment, gradient.cols - c), none);
    }
}

inline void run(const Call& call, i64, i64) {
    const Operand &logits = call.operands[LOGITS], &gradient = call.operands[GRADIENT];
    const i64 batch = logits.shape[0], steps = logits.shape[1];
    i64 examples = 0;
    for (i64 b = 0; b < batch; ++b) {
        if (given(gradient)) clear(gradient, b * steps, steps);
        const float first = row<float>(call.operands[TARGETS], b)[0];
        if (first != first) continue;
        ++examples;
        const Sequence sequence(call, b, circulant::length_of(call.operands[LENGTHS], b, steps));
        const double loss = sequence.loss();
        *row<double>(call.operands[LOSS], 0) += loss;
        if (given(gradient) && loss < HUGE_VAL) sequence.store_slopes(gradient, loss, static_cast<double>(batch));
    }
    add_to_counter(call.operands[COUNTERS], counter_examples, examples);
}

}  // namespace linocut::LINOCUT_NS::ctc
