// Fixed-point updates from the sign of a gradient: the twin of src/linocut/ops/fixed_point.py. Up to 64 weights of a row at once.
#pragma once

#include "elementary.hpp"
#include "micro_batch.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int control_rate = 0, control_steps = 1, control_beta1_power = 2, control_beta2_power = 3;

inline constexpr i32 q7_one = 127, q15_one = 32767;
inline constexpr int decay_fraction = 15, step_fraction = 16, slow_fraction = 24;
inline constexpr double step_limit = 16777215.0;  // 2^24 - 1
inline constexpr u32 golden_32 = 0x9E3779B1u;
inline constexpr u64 golden_64 = 0x9E3779B97F4A7C15u;

// The key of one instruction in one step.
inline u32 step_key(const Operand& random, double salt) {
    u64 z;
    std::memcpy(&z, random.data, sizeof z);
    z += static_cast<u64>(salt) * golden_64;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<u32>(z ^ (z >> 31));
}

// 32 random bits: a hash of a number and the key.
inline u32 random_bits(u32 number, u32 key) {
    u32 x = number * golden_32 + key;
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ (x >> 16);
}

inline constexpr u32 moment_stream = 1u << 31;  // the second half of the numbers, for the roundings of moments

// 16 random bits for each weight of a word.
inline void draw_dithers(u32 first, u32 key, u16* dithers) {
    alignas(64) u32 hashes[segment / 2];
    for (u32 i = 0; i < segment / 2; ++i) hashes[i] = random_bits(first + i, key);
    std::memcpy(dithers, hashes, sizeof hashes);  // little endian, as the whole program is
}

// q15 weights moved along a q7 moment of signs: m <- decay m + (1 - decay) (+-127) to nearest, w <- clip(w - m factor) dithered.
// In micro-batches the first decays, each adds its part of the fresh gradient, dithered, and the last moves the weights.
struct FixedStep {
    i32 kept, fresh, factor;
    bool dithered;
    u32 key;

    FixedStep(double decay, double rate, MicroBatch micro, u32 random_key) : dithered(micro.count > 1), key(random_key) {
        const i32 whole = 1 << decay_fraction, left = static_cast<i32>(half_up(decay * whole));
        kept = micro.first() ? left : whole;
        fresh = static_cast<i32>(half_up(static_cast<double>(q7_one * (whole - left)) / static_cast<double>(micro.count)));
        const double scaled = rate * (static_cast<double>(q15_one) / q7_one) * (1 << step_fraction);
        factor = micro.last() ? rounded(scaled, 0.0, step_limit) : 0;  // a dither alone moves nothing
    }

    // positive[i]: 0 or not; `word` is the number of the weights' word in their matrix. Returns how many signs changed.
    i64 move(const u8* positive, i16* w, i8* m, i64 n, u32 word) const {
        return dithered ? moved<true>(positive, w, m, n, word) : moved<false>(positive, w, m, n, word);
    }

    template <bool dither_moments>
    i64 moved(const u8* positive, i16* w, i8* m, i64 n, u32 word) const {
        alignas(64) u16 dithers[segment], nudges[segment];
        draw_dithers(word * (segment / 2), key, dithers);
        if (dither_moments) draw_dithers(word * (segment / 2) + moment_stream, key, nudges);
        i32 flips = 0;
        for (i64 i = 0; i < n; ++i) {
            const i32 total = m[i] * kept + (positive[i] ? fresh : -fresh);
            const i32 nudge = dither_moments ? nudges[i] >> (16 - decay_fraction) : 1 << (decay_fraction - 1);
            i32 moment = (total + nudge) >> decay_fraction;
            if (dither_moments) moment = clamp(moment, -q7_one, q7_one);
            const i32 old = w[i];
            const i32 moved = clamp(old - ((moment * factor + dithers[i]) >> step_fraction), -q15_one, q15_one);
            m[i] = static_cast<i8>(moment);
            w[i] = static_cast<i16>(moved);
            flips += (old >= 0) != (moved >= 0);
        }
        return flips;
    }
};

// Bits flipped by a slow q7 or q15 moment of signs: m <- m + rate (+-one - m) dithered; a weight flips where w m > threshold.
// In micro-batches the first forgets, each adds its part, and weights flip in the last.
struct SlowStep {
    i32 one, fresh, forgotten, threshold;
    u32 key;

    SlowStep(i32 unit, double gamma, double tau, double scale, MicroBatch micro, u32 random_key) : one(unit), key(random_key) {
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
