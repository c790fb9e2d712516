// Fixed-point updates from gradients in q7, or their signs: the twin of src/linocut/ops/fixed_point.py. Up to 64
// weights of a row at once.
#pragma once

#include "../simd/simd.hpp"
#include "elementary.hpp"
#include "micro_batch.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i32 q7_one = 127, q15_one = 32767;
inline constexpr int decay_fraction = 15, share_fraction = 8, step_fraction = 16, slow_fraction = 24;
inline constexpr double step_limit = 16777215.0;  // 2^24 - 1
inline constexpr int turn_shift = 48;  // of the random state: its high bits turn by the golden ratio from step to step
inline constexpr u32 golden_32 = 0x9E3779B1u;
inline constexpr u64 golden_64 = 0x9E3779B97F4A7C15u;

inline u64 random_state(const Operand& random) {
    u64 state;
    std::memcpy(&state, random.data, sizeof state);
    return state;
}

// The key of one instruction in one step.
inline u32 step_key(u64 state, double salt) {
    u64 z = state + static_cast<u64>(salt) * golden_64;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<u32>(z ^ (z >> 31));
}
inline u32 step_key(const Operand& random, double salt) { return step_key(random_state(random), salt); }

inline u32 hashed(u32 x) {
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ (x >> 16);
}

// The same of a vector.
template <class I>
inline typename I::V hashed_longs(typename I::V x) {
    x = I::differing(x, I::template shifted_right<16>(x));
    x = I::multiply(x, I::all_longs(0x7FEB352D));
    x = I::differing(x, I::template shifted_right<15>(x));
    x = I::multiply(x, I::all_longs(static_cast<i32>(0x846CA68Bu)));
    return I::differing(x, I::template shifted_right<16>(x));
}

// 32 random bits: a hash of a number and the key.
inline u32 random_bits(u32 number, u32 key) { return hashed(number * golden_32 + key); }

inline constexpr u32 moment_stream = 1u << 31;  // the second half of the numbers, for the roundings of moments

// 32 random bits for each two weights of a word.
inline void draw_pairs(u32 first, u32 key, u32* pairs) {
    const u32 base = first * golden_32 + key;
    for (u32 i = 0; i < segment / 2; ++i) pairs[i] = hashed(base + i * golden_32);
}

// 16 random bits for each weight of a word.
inline void draw_dithers(u32 first, u32 key, u16* dithers) {
    alignas(64) u32 pairs[segment / 2];
    draw_pairs(first, key, pairs);
    std::memcpy(dithers, pairs, sizeof pairs);  // little endian, as the whole program is
}

// q15 or q7 weights moved along a q7 moment: m <- decay m + (1 - decay) g to nearest, w <- clip(w - m factor)
// dithered. The dither of q15 weights is a new hash every step; that of q7 weights keeps its hash and turns.
// In micro-batches the first decays, each adds its part of the fresh gradient, dithered, and the last moves the
// weights. `ahead`, as Nesterov has it: w moves along decay m + (1 - decay) g, to nearest, m being the new one and g
// the last gradient.
struct FixedStep {
    i32 left, kept, fresh, factor;
    bool dithered, ahead;
    u32 key, moment_key;
    u16 turn;

    // `range`: what the weights' one stands for.
    FixedStep(Format weights, double decay, double rate, double range, MicroBatch micro, const Operand& random,
              double salt, bool nesterov = false)
        : left(static_cast<i32>(half_up(decay * (1 << decay_fraction)))),
          dithered(micro.count > 1),
          ahead(nesterov),
          moment_key(step_key(random, salt)) {
        const i32 whole = 1 << decay_fraction;
        kept = micro.first() ? left : whole;
        fresh = static_cast<i32>(
            half_up(static_cast<double>((whole - left) << share_fraction) / static_cast<double>(micro.count)));
        const bool wide = weights == Format::q15;
        const double unit = static_cast<double>(wide ? q15_one : q7_one) / q7_one;
        const double scaled = rate / (range > 0.0 ? range : 1.0) * unit * (1 << step_fraction);
        factor = micro.last() ? rounded(scaled, 0.0, step_limit) : 0;  // a dither alone moves nothing
        key = wide ? moment_key : step_key(u64{0}, salt);
        turn = wide ? u16{0} : static_cast<u16>(random_state(random) >> turn_shift);
    }

    // `word` is the number of the weights' word in their matrix. Returns how many signs changed.
    template <class T, class I = Integers>
    i64 move(const i8* gradients, T* w, i8* m, i64 n, u32 word) const {
        if constexpr (I::usable && sizeof(T) == sizeof(i16)) {
            if (n == segment && moves_whole<T>()) {
                if constexpr (I::keeps_words) {
                    return move_whole<I>([&](int i) { return I::bytes_as_shorts(gradients + i); }, w, m, word);
                } else {
                    return moved_whole<I>(gradients, w, m, word);
                }
            }
        }
        if (ahead)
            return dithered ? moved<true, true>(gradients, w, m, n, word)
                            : moved<false, true>(gradients, w, m, n, word);
        return dithered ? moved<true, false>(gradients, w, m, n, word) : moved<false, false>(gradients, w, m, n, word);
    }

    // Whether whole words of q15 weights are moved by the instruction set's vectors: their dithers never turn, and what
    // is kept of a moment and what is added make a whole, so that m <- decay m + (1 - decay) g is g + decay (m - g).
    template <class T, class I = Integers>
    bool moves_whole() const {
        return I::usable && sizeof(T) == sizeof(i16) && !dithered && !ahead && kept >= 1 && kept <= 32767;
    }

    // A whole word; given(i) has gradients i to i + I::shorts. In numbers of 16 bits: with factor = 2^16 high + low,
    // low having a sign, (m factor + r) >> 16 is m high + (m low >> 16), and 1 more where the lower 16 bits of m low
    // and r carry. None of it is more than 127 2^8.
    template <class I, class Given>
    i64 move_whole(const Given& given, i16* w, i8* m, u32 word) const {
        using V = typename I::V;
        const i16 low_factor = static_cast<i16>(static_cast<u16>(factor));
        const V low = I::all_shorts(low_factor), high = I::all_shorts(static_cast<i16>((factor - low_factor) >> 16));
        const V decay = I::all_shorts(static_cast<i16>(kept)), least_weight = I::all_shorts(-q15_one);
        const V golden = I::multiply(I::counting(), I::all_longs(static_cast<i32>(golden_32)));
        const u32 first = word * (segment / 2) * golden_32 + key;
        i64 flips = 0;
        unrolled<segment / I::shorts>([&](auto part) {
            constexpr int i = part * I::shorts;
            const u32 base = first + static_cast<u32>(i / 2) * golden_32;
            const V dither = hashed_longs<I>(I::add(I::all_longs(static_cast<i32>(base)), golden));
            const V gradient = given(i), old = I::load(w + i);
            const V moment =
                I::plus(gradient, I::rounded_products(I::minus(I::bytes_as_shorts(m + i), gradient), decay));
            const V whole = I::plus(I::low_products(moment, high), I::high_products(moment, low));
            const V by = I::carried(whole, I::low_products(moment, low), dither);
            const V moved = I::larger_shorts(I::subtract_shorts(old, by), least_weight);
            I::store_bytes(m + i, moment);
            I::store(w + i, moved);
            flips += I::count_sign_changes(old, moved);
        });
        return flips;
    }

    // A whole word of q15 weights, whose dithers never turn, by the instruction set's vectors; both shares fit 16 bits.
    // Pairs are interleaved within 128-bit lanes and packed again, which puts them back.
    template <class I>
    i64 moved_whole(const i8* gradients, i16* w, i8* m, u32 word) const {
        using V = typename I::V;
        alignas(64) u32 dithers[segment / 2];
        draw_pairs(word * (segment / 2), key, dithers);
        const u32 both = static_cast<u32>(fresh >> share_fraction) << 16 | static_cast<u32>(kept);
        const V shares = I::all_longs(static_cast<i32>(both)), step = I::all_longs(factor);
        const V half = I::all_longs(1 << (decay_fraction - 1)), least_weight = I::all_shorts(-q15_one);
        const auto decayed = [&](V pairs) {
            return I::shift_right(I::add(I::add_products(pairs, shares), half), decay_fraction);
        };
        const auto moves = [&](V moments, V nudge) {
            return I::shift_right(I::add(I::multiply(moments, step), nudge), step_fraction);
        };
        i64 flips = 0;
        for (int i = 0; i < segment; i += I::shorts) {
            const V moment = I::bytes_as_shorts(m + i), given = I::bytes_as_shorts(gradients + i), old = I::load(w + i);
            const V dither = I::load(dithers + i / 2);
            const V low = decayed(I::unpack_low(moment, given)), high = decayed(I::unpack_high(moment, given));
            const V by =
                I::pack(moves(low, I::unpack_low(dither, I::zero())), moves(high, I::unpack_high(dither, I::zero())));
            const V moved = I::larger_shorts(I::subtract_shorts(old, by), least_weight);
            I::store_bytes(m + i, I::pack(low, high));
            I::store(w + i, moved);
            flips += I::count_sign_changes(old, moved);
        }
        return flips;
    }

    template <bool dither_moments, bool look_ahead, class T>
    i64 moved(const i8* gradients, T* w, i8* m, i64 n, u32 word) const {
        constexpr i32 one = sizeof(T) == 1 ? q7_one : q15_one;
        alignas(64) u16 dithers[segment], nudges[segment];
        draw_dithers(word * (segment / 2), key, dithers);
        if (dither_moments) draw_dithers(word * (segment / 2) + moment_stream, moment_key, nudges);
        i32 flips = 0;
        for (i64 i = 0; i < n; ++i) {
            const i32 total = m[i] * kept + ((gradients[i] * fresh) >> share_fraction);
            const i32 nudge = dither_moments ? nudges[i] >> (16 - decay_fraction) : 1 << (decay_fraction - 1);
            i32 moment = (total + nudge) >> decay_fraction;
            if (dither_moments) moment = clamp(moment, -q7_one, q7_one);
            i32 step = moment;
            if (look_ahead) {
                const i32 rest = (1 << decay_fraction) - left;
                step = (moment * left + gradients[i] * rest + (1 << (decay_fraction - 1))) >> decay_fraction;
            }
            const i32 old = w[i], dither = static_cast<u16>(dithers[i] + turn);
            const i32 moved = clamp(old - ((step * factor + dither) >> step_fraction), -one, one);
            m[i] = static_cast<i8>(moment);
            w[i] = static_cast<T>(moved);
            flips += (old >= 0) != (moved >= 0);
        }
        return flips;
    }
};

// Bits flipped by a slow q7 or q15 moment of signs: m <- m + rate (+-one - m) dithered; a weight flips where w m >
// threshold. In micro-batches the first forgets, each adds its part, and weights flip in the last.
struct SlowStep {
    i32 one, fresh, forgotten, threshold;
    u32 key;

    SlowStep(i32 unit, double gamma, double tau, double scale, MicroBatch micro, u32 random_key)
        : one(unit), key(random_key) {
        const double rate = gamma * (1 << slow_fraction);
        fresh = static_cast<i32>(half_up(rate / static_cast<double>(micro.count)));
        forgotten = micro.first() ? static_cast<i32>(half_up(rate)) : 0;
        const double most = micro.last() ? std::floor(tau / scale * unit) : q15_one;  // no moment is beyond that
        threshold = static_cast<i32>(least(most, static_cast<double>(q15_one)));
    }

    // ones[i]: the weight's bit. flips[i] becomes 0 or 0xFF.
    template <class T>
    void move(const u8* positive, const u8* ones, T* m, i64 n, u32 index, u8* flips) const {
        for (i64 i = 0; i < n; ++i) {
            const u32 dither = random_bits(index + static_cast<u32>(i), key) >> (32 - slow_fraction);
            const i32 old = m[i];
            const i64 pull = static_cast<i64>(positive[i] ? one : -one) * fresh - static_cast<i64>(old) * forgotten;
            const i32 moment = clamp(old + static_cast<i32>((pull + dither) >> slow_fraction), -one, one);
            m[i] = static_cast<T>(moment);
            flips[i] = (ones[i] ? moment : -moment) > threshold ? 0xFF : 0;
        }
    }
};

}  // namespace linocut::LINOCUT_NS
