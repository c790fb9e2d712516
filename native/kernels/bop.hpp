// bop: Helwegen et al. 2019, binary weights that flip (src/linocut/ops/bop.py).
#pragma once

#include "updates.hpp"

namespace linocut::LINOCUT_NS::bop {

enum { WEIGHTS, M, DW, RANDOM, COUNTERS, MICRO };
enum { GAMMA, TAU, SCALE, SALT };

inline i64 units(const Call& call) { return updates::units(call.operands[WEIGHTS]); }

inline SlowStep slow_step(const Operand& m, const Operand& random, const Operand& micro, const double* attributes) {
    const i32 one = m.format == Format::q7 ? q7_one : q15_one;
    const u32 key = step_key(random, attributes[SALT]);
    return {one, attributes[GAMMA], attributes[TAU], attributes[SCALE], micro_batch(micro), key};
}

// Flips one word of weights by a fixed-point moment; returns how many flipped.
inline i64 flip_fixed(const SlowStep& step, const Operand& weights, const Operand& m, const u8* positive, i64 r,
                      i64 first, i64 n) {
    u64& word = bit_row(weights, r)[first / segment];
    u8 ones[segment];
    alignas(64) u8 flips[segment] = {};
    expand_bits(word, ones);
    const u32 index = updates::element(weights, r, first);
    if (m.format == Format::q7) {
        step.move(positive, ones, row<i8>(m, r) + first, n, index, flips);
    } else {
        step.move(positive, ones, row<i16>(m, r) + first, n, index, flips);
    }
    const u64 flipped = pack_flags(flips);
    word ^= flipped;
    return __builtin_popcountll(flipped);
}

inline i64 flip_floats(const Call& call, const updates::Shares& shares, i64 r, i64 first, i64 n) {
    const Operand& m = call.operands[M];
    const float tau = static_cast<float>(call.attributes[TAU]);
    float g[segment], moment[segment];
    updates::load_gradient(call.operands[DW], r, first, n, static_cast<float>(call.attributes[SCALE]), g);
    load_floats(m, r, first, n, moment);
    u64& word = bit_row(call.operands[WEIGHTS], r)[first / segment];
    u8 ones[segment];
    alignas(64) u8 flips[segment] = {};
    expand_bits(word, ones);
    for (i64 i = 0; i < n; ++i) {
        moment[i] = moment[i] * shares.kept + g[i] * shares.fresh;
        flips[i] = (ones[i] ? moment[i] : -moment[i]) > tau ? 0xFF : 0;
    }
    store_floats(m, r, first, n, moment);
    if (!shares.moves) return 0;
    const u64 flipped = pack_flags(flips);
    word ^= flipped;
    return __builtin_popcountll(flipped);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &weights = call.operands[WEIGHTS], &m = call.operands[M];
    const bool fixed = is_integer(m.format);
    const SlowStep step = slow_step(m, call.operands[RANDOM], call.operands[MICRO], call.attributes);
    const double gamma = call.attributes[GAMMA];
    const updates::Shares shares(call.operands[DW], call.operands[MICRO], 1.0 - gamma, gamma);
    if (!shares.due) return;
    i64 flips = 0;
    updates::each_segment(weights, begin, end, [&](i64 r, i64 first, i64 n) {
        if (!fixed) {
            flips += flip_floats(call, shares, r, first, n);
            return;
        }
        u8 positive[segment];
        updates::gradient_bits(call.operands[DW], r, first, positive);
        flips += flip_fixed(step, weights, m, positive, r, first, n);
    });
    add_to_counter(call.operands[COUNTERS], counter_flips, flips);
}

}  // namespace linocut::LINOCUT_NS::bop
