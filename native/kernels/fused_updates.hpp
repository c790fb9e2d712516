// weight_gradient_adam, _sgd, _bop: the update is the sink of weight_gradient, so that dW is never stored.
// The updates themselves are shared with conv2d_fused_updates.hpp.
#pragma once

#include "adam.hpp"
#include "bop.hpp"
#include "sgd.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS {

// `gradients` gives exact gradients to a sink(Words).
namespace fused {

enum { DY, X, WEIGHTS, M };
enum { CONTROL = 4, LATENT_RANDOM, LATENT_COUNTERS, LATENT_MICRO };
enum { BOP_RANDOM = 4, BOP_COUNTERS, BOP_MICRO };

template <class Gradients>
inline void move_latent(const Call& call, const FixedStep& step, bool signs, Gradients&& gradients) {
    const Operand &w = call.operands[WEIGHTS], &m = call.operands[M];
    i64 flips = 0;
    gradients([&](const auto& words) {
        i8 found[gradient_words::words_at_once][segment];
        gradient_words::in_q7(words, signs, found);
        for (i64 i = 0; i < words.count; ++i) {
            flips += updates::move_word(step, w, m, found[i], words.rows[i], words.first, words.n);
        }
    });
    add_to_counter(call.operands[LATENT_COUNTERS], counter_flips, flips);
}

template <class Gradients>
inline void by_adam(const Call& call, const double* attributes, Gradients&& gradients) {
    const Operand* all = call.operands;
    const bool signs = attributes[adam::SIGNS] != 0.0;
    move_latent(call, adam::fixed_step(all[WEIGHTS], all[CONTROL], all[LATENT_RANDOM], all[LATENT_MICRO], attributes, signs),
                signs, gradients);
}

template <class Gradients>
inline void by_sgd(const Call& call, const double* attributes, Gradients&& gradients) {
    const Operand* all = call.operands;
    const bool signs = attributes[sgd::SIGNS] != 0.0;
    move_latent(call, sgd::fixed_step(all[WEIGHTS], all[CONTROL], all[LATENT_RANDOM], all[LATENT_MICRO], attributes, signs),
                signs, gradients);
}

template <class Gradients>
inline void by_bop(const Call& call, const double* attributes, Gradients&& gradients) {
    const Operand &weights = call.operands[WEIGHTS], &m = call.operands[M];
    const SlowStep step = bop::slow_step(m, call.operands[BOP_RANDOM], call.operands[BOP_MICRO], attributes);
    i64 flips = 0;
    gradients([&](const auto& words) {
        for (i64 i = 0; i < words.count; ++i) {
            u8 positive[segment];
            gradient_words::signs(words.gradients[i], words.n, positive);
            flips += bop::flip_fixed(step, weights, m, positive, words.rows[i], words.first, words.n);
        }
    });
    add_to_counter(call.operands[BOP_COUNTERS], counter_flips, flips);
}

inline auto dense_gradients(const Call& call, i64 begin, i64 end) {
    return [&call, begin, end](auto&& sink) {
        for (i64 unit = begin; unit < end; ++unit) {
            weight_gradient::integer_gradients(call.operands[DY], call.operands[X], unit, sink);
        }
    };
}

}  // namespace fused

namespace weight_gradient_adam {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_adam(call, call.attributes, fused::dense_gradients(call, begin, end));
}

}  // namespace weight_gradient_adam

namespace weight_gradient_sgd {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_sgd(call, call.attributes, fused::dense_gradients(call, begin, end));
}

}  // namespace weight_gradient_sgd

namespace weight_gradient_bop {

inline i64 units(const Call& call) { return weight_gradient::units(call); }

inline void run(const Call& call, i64 begin, i64 end) {
    fused::by_bop(call, call.attributes, fused::dense_gradients(call, begin, end));
}

}  // namespace weight_gradient_bop

}  // namespace linocut::LINOCUT_NS
