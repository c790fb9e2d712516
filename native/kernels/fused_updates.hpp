// weight_gradient_adam, _sgd, _bop and conv2d_weight_gradient_adam, _sgd, _bop: an update is the sink of a gradient, so
// that dW is never stored.
#pragma once

#include "adam.hpp"
#include "bop.hpp"
#include "conv2d_weight_gradient.hpp"
#include "sgd.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS {

namespace fused {

enum { DY, X, WEIGHTS, M };
enum { CONTROL = 4, LATENT_RANDOM, LATENT_COUNTERS, LATENT_MICRO };
enum { BOP_RANDOM = 4, BOP_COUNTERS, BOP_MICRO };

// Whether the sizes of a word's gradients add up to 32 bits: each product is at most 128, or 255 times that of bytes.
inline bool narrow_sums(const Call& call) {
    const i64 largest = call.operands[X].format == Format::bit ? 128 : 128 * 255;
    return call.operands[DY].rows <= i64{0xFFFFFFFF} / (segment * largest);
}

// Whole words of q15 weights, whose gradients become shorts, in registers. Returns how many signs changed.
template <class I, class T>
inline i64 move_words(const Call& call, const FixedStep& step, bool narrow, const gradient_words::Words<T>& words) {
    const Operand &w = call.operands[WEIGHTS], &m = call.operands[M];
    float units[gradient_words::words_at_once];
    gradient_words::units_for(words, narrow, units);
    i64 flips = 0;
    for (i64 i = 0; i < words.count; ++i) {
        const i64 r = words.rows[i];
        const auto given = [&](int c) { return I::scaled(words.gradients[i] + c, units[i]); };
        flips += step.move_whole<I>(given, row<i16>(w, r) + words.first, row<i8>(m, r) + words.first,
                                    updates::word(w, r, words.first));
    }
    return flips;
}

// `gradients` gives exact gradients to a sink(Words).
template <class I = Integers, class Gradients>
inline void move_latent(const Call& call, const FixedStep& step, bool signs, Gradients&& gradients) {
    const Operand &w = call.operands[WEIGHTS], &m = call.operands[M];
    const bool whole = !signs && w.format == Format::q15 && step.moves_whole<i16>(), narrow = narrow_sums(call);
    i64 flips = 0;
    gradients([&](const auto& words) {
        if constexpr (I::keeps_words && sizeof(words.gradients[0][0]) == sizeof(i32)) {
            if (whole && words.n == segment) {
                flips += move_words<I>(call, step, narrow, words);
                return;
            }
        }
        i8 found[gradient_words::words_at_once][segment];
        gradient_words::in_q7(words, signs, found);
        for (i64 i = 0; i < words.count; ++i) {
            flips += updates::move_word(step, w, m, found[i], words.rows[i], words.first, words.n);
        }
    });
    add_to_counter(call.operands[LATENT_COUNTERS], counter_flips, flips);
}

// Latent weights move as `rule`, adam or sgd, has it.
#define LINOCUT_LATENT(name, rule)                                                                          \
    struct name {                                                                                           \
        template <class Gradients>                                                                          \
        static void run(const Call& call, const double* attributes, Gradients&& gradients) {                \
            const Operand* all = call.operands;                                                             \
            const bool signs = attributes[rule::SIGNS] != 0.0;                                              \
            move_latent(call,                                                                               \
                        rule::fixed_step(all[WEIGHTS], all[CONTROL], all[LATENT_RANDOM], all[LATENT_MICRO], \
                                         attributes, signs),                                                \
                        signs, gradients);                                                                  \
        }                                                                                                   \
    }
LINOCUT_LATENT(ByAdam, adam);
LINOCUT_LATENT(BySgd, sgd);
#undef LINOCUT_LATENT

struct ByBop {
    template <class Gradients>
    static void run(const Call& call, const double* attributes, Gradients&& gradients) {
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
};

struct Dense {
    static constexpr int attributes = 0;  // that come before those of the update
    static i64 units(const Call& call) { return weight_gradient::units(call); }

    static auto gradients(const Call& call, i64 begin, i64 end) {
        return [&call, begin, end](auto&& sink) {
            for (i64 unit = begin; unit < end; ++unit)
                weight_gradient::integer_gradients(call.operands[DY], call.operands[X], unit, Workspace(call), sink);
        };
    }
};

struct Conv2d {
    static constexpr int attributes = 3;  // of the window
    static i64 units(const Call& call) { return conv2d_weight_gradient::units(call); }

    static auto gradients(const Call& call, i64 begin, i64 end) {
        return [&call, begin, end](auto&& sink) { conv2d_weight_gradient::integer_gradients(call, begin, end, sink); };
    }
};

template <class Gradient, class Update>
struct Fused {
    static i64 units(const Call& call) { return Gradient::units(call); }

    static void run(const Call& call, i64 begin, i64 end) {
        Update::run(call, call.attributes + Gradient::attributes, Gradient::gradients(call, begin, end));
    }
};

}  // namespace fused

using weight_gradient_adam = fused::Fused<fused::Dense, fused::ByAdam>;
using weight_gradient_sgd = fused::Fused<fused::Dense, fused::BySgd>;
using weight_gradient_bop = fused::Fused<fused::Dense, fused::ByBop>;
using conv2d_weight_gradient_adam = fused::Fused<fused::Conv2d, fused::ByAdam>;
using conv2d_weight_gradient_sgd = fused::Fused<fused::Conv2d, fused::BySgd>;
using conv2d_weight_gradient_bop = fused::Fused<fused::Conv2d, fused::ByBop>;

}  // namespace linocut::LINOCUT_NS
