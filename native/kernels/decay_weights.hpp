// decay_weights: w <- w (1 - lr rate), in fixed point by dithered rounding that changes no sign
// (src/linocut/ops/decay_weights.py).
#pragma once

#include "updates.hpp"

namespace linocut::LINOCUT_NS::decay_weights {

enum { W, CONTROL, RANDOM, MICRO };
enum { RATE, SALT };

inline constexpr int fraction = 31;          // bits of lr rate
inline constexpr u32 stream = u32{3} << 30;  // no dither is that of an update, or of its moment

inline i64 units(const Call& call) { return updates::units(call.operands[W]); }

// lr rate within [0, 1]; 0 for what is not a number.
inline double share_of(const Call& call) {
    const double product = row<double>(call.operands[CONTROL], 0)[control_rate] * call.attributes[RATE];
    return product > 0.0 ? least(product, 1.0) : 0.0;
}

// What all fixed-point weights need.
struct Decay {
    u32 factor, key;
    u16 turn;

    Decay(Format weights, double share, const Operand& random, double salt)
        : factor(static_cast<u32>(half_up(share * static_cast<double>(u32{1} << fraction)))) {
        const bool wide = weights == Format::q15;
        key = wide ? step_key(random, salt) : step_key(u64{0}, salt);
        turn = wide ? u16{0} : static_cast<u16>(random_state(random) >> turn_shift);
    }

    template <class T>
    void shrink(T* w, i64 n, u32 word) const {
        constexpr int finer = fraction - step_fraction;
        alignas(64) u16 dithers[segment];
        draw_dithers(word * (segment / 2) + stream, key, dithers);
        for (i64 i = 0; i < n; ++i) {
            const i32 old = w[i];
            const u32 size = static_cast<u32>(old < 0 ? -old : old);
            const u32 dither = (u32{static_cast<u16>(dithers[i] + turn)} << finer) + (1u << finer >> 1);
            const i32 left = static_cast<i32>(size) - static_cast<i32>((u64{size} * factor + dither) >> fraction);
            w[i] = static_cast<T>(old < 0 ? -most(left, 1) : left);
        }
    }
};

inline void fixed(const Call& call, double share, i64 begin, i64 end) {
    const Operand& w = call.operands[W];
    const Decay decay(w.format, share, call.operands[RANDOM], call.attributes[SALT]);
    updates::each_segment(w, begin, end, [&](i64 r, i64 first, i64 n) {
        if (w.format == Format::q7) {
            decay.shrink(row<i8>(w, r) + first, n, updates::word(w, r, first));
        } else {
            decay.shrink(row<i16>(w, r) + first, n, updates::word(w, r, first));
        }
    });
}

inline void floats(const Operand& w, double share, u32 key, i64 begin, i64 end) {
    const float kept = static_cast<float>(1.0 - share);
    float weights[segment] = {};
    updates::each_segment(w, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(w, r, first, n, weights);
        for (i64 i = 0; i < segment; ++i) weights[i] *= kept;
        store_dithered(w, r, first, n, weights, key, stream);
    });
}

inline void run(const Call& call, i64 begin, i64 end) {
    if (!micro_batch(call.operands[MICRO]).last()) return;
    const Operand& w = call.operands[W];
    if (updates::is_fixed(w.format)) {
        fixed(call, share_of(call), begin, end);
    } else {
        floats(w, share_of(call), step_key(call.operands[RANDOM], call.attributes[SALT]), begin, end);
    }
}

}  // namespace linocut::LINOCUT_NS::decay_weights
