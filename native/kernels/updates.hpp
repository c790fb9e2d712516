// What the optimizers' kernels share: walking weights in segments, reading gradients, storing clipped weights.
#pragma once

#include "dithered_half.hpp"
#include "gradient_words.hpp"

namespace linocut::LINOCUT_NS::updates {

inline constexpr i64 rows_per_unit = 16;

// What of a moment in floats is kept, what of a gradient is added, and whether weights move. Gradients in floats come
// as the mean over the micro-batches, due in the last; signs and q7 are due in each (src/linocut/ops/updates.py).
struct Shares {
    float kept, fresh;
    bool due, moves;

    Shares(const Operand& dw, const Operand& operand, double decay, double rate) {
        const MicroBatch micro = micro_batch(operand);
        const bool parts = dw.format == Format::bit;
        moves = micro.last();
        due = parts || moves;
        kept = static_cast<float>(parts && !micro.first() ? 1.0 : decay);
        fresh = static_cast<float>(parts ? rate / static_cast<double>(micro.count) : rate);
    }
};

inline i64 units(const Operand& weights) { return divide_up(weights.rows, rows_per_unit); }

// visit(row, first column, count) for every segment of the parts [begin, end).
template <class Visit>
inline void each_segment(const Operand& weights, i64 begin, i64 end, Visit&& visit) {
    LINOCUT_NS::each_segment(weights, begin * rows_per_unit, least(end * rows_per_unit, weights.rows), visit);
}

// The number of a word of weights, and of its first weight, in the matrix.
inline u32 word(const Operand& weights, i64 r, i64 first) {
    return static_cast<u32>(r * words(weights.cols) + first / segment);
}
inline u32 element(const Operand& weights, i64 r, i64 first) { return static_cast<u32>(r * weights.cols + first); }

inline void gradient_bits(const Operand& dw, i64 r, i64 first, u8* positive) {
    expand_bits(bit_row(dw, r)[first / segment], positive);
}

// Gradients as floats; packed ones are +-scale.
inline void load_gradient(const Operand& dw, i64 r, i64 first, i64 n, float scale, float* g) {
    if (dw.format != Format::bit) {
        load_floats(dw, r, first, n, g);
        return;
    }
    u8 positive[segment];
    gradient_bits(dw, r, first, positive);
    for (i64 i = 0; i < n; ++i) g[i] = positive[i] ? scale : -scale;
}

inline constexpr u32 weight_stream = 0;

// Stores moved weights, in f16 dithered; latent ones are clipped to [-clip, clip]. Returns how many signs of latent
// ones changed.
inline i64 store_weights(const Operand& w, i64 r, i64 first, i64 n, float* moved, float clip, u32 key) {
    if (clip == 0.0f) {
        store_dithered(w, r, first, n, moved, key, weight_stream);
        return 0;
    }
    float before[segment], after[segment];
    load_floats(w, r, first, n, before);
    for (i64 i = 0; i < n; ++i) moved[i] = moved[i] < -clip ? -clip : moved[i] > clip ? clip : moved[i];
    store_dithered(w, r, first, n, moved, key, weight_stream);
    load_floats(w, r, first, n, after);
    i64 flips = 0;
    for (i64 i = 0; i < n; ++i) flips += (before[i] >= 0.0f) != (after[i] >= 0.0f);
    return flips;
}

inline bool is_fixed(Format format) { return format == Format::q15 || format == Format::q7; }

// How many deviations the one of a gradient in q7 is; of signs it is theirs.
inline double deviations(bool signs) { return signs ? 1.0 : gradient_words::deviations; }

// Moves a word of fixed-point weights by gradients in q7. Returns how many signs changed.
inline i64 move_word(const FixedStep& step, const Operand& w, const Operand& m, const i8* gradients, i64 r, i64 first,
                     i64 n) {
    i8* moments = row<i8>(m, r) + first;
    if (w.format == Format::q7) return step.move(gradients, row<i8>(w, r) + first, moments, n, word(w, r, first));
    return step.move(gradients, row<i16>(w, r) + first, moments, n, word(w, r, first));
}

// Moves the fixed-point weights of the parts [begin, end) by dw, signs or q7. Returns how many signs changed.
inline i64 move_fixed(const FixedStep& step, const Operand& w, const Operand& m, const Operand& dw, i64 begin,
                      i64 end) {
    i64 flips = 0;
    each_segment(w, begin, end, [&](i64 r, i64 first, i64 n) {
        if (dw.format == Format::q7) {
            flips += move_word(step, w, m, row<i8>(dw, r) + first, r, first, n);
            return;
        }
        u8 positive[segment];
        i8 gradients[segment];
        gradient_bits(dw, r, first, positive);
        gradient_words::widen(positive, n, gradients);
        flips += move_word(step, w, m, gradients, r, first, n);
    });
    return flips;
}

}  // namespace linocut::LINOCUT_NS::updates
