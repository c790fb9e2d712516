/* Fixed-point updates from gradients in q7, or their signs, a word of up to 64 weights at a time:
   src/linocut/ops/fixed_point.py. */
#ifndef LINO_FIXED_POINT_H
#define LINO_FIXED_POINT_H

#include "elementary.h"
#include "micro_batch.h"

#define LINO_GOLDEN_32 0x9E3779B1u
#define LINO_GOLDEN_64 0x9E3779B97F4A7C15u

enum { LINO_Q7_ONE = 127, LINO_Q15_ONE = 32767, LINO_DECAY_FRACTION = 15, LINO_SHARE_FRACTION = 8 };
enum { LINO_STEP_FRACTION = 16, LINO_SLOW_FRACTION = 24, LINO_TURN_SHIFT = 48 };

static inline uint64_t lino_random_state(const lino_operand* random) {
    uint64_t state;
    memcpy(&state, random->data, sizeof state);
    return state;
}

/* The key of one instruction in one step. */
static inline uint32_t lino_step_key(uint64_t state, double salt) {
    uint64_t z = state + (uint64_t)salt * LINO_GOLDEN_64;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z ^ z >> 31);
}

/* 32 random bits: a hash of a number and the key. */
static inline uint32_t lino_random_bits(uint32_t number, uint32_t key) {
    uint32_t x = number * LINO_GOLDEN_32 + key;
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ x >> 16;
}

/* 16 random bits for a weight, of whose matrix the first hash is number `stream`. */
static inline uint32_t lino_dither(const lino_operand* w, lino_size row, lino_size column, uint32_t key,
                                   uint32_t stream) {
    const uint32_t pair = (uint32_t)(row * ((w->cols + 63) / 64) * 32 + (column >> 1));
    const uint32_t bits = lino_random_bits(pair + stream, key);
    return column & 1 ? bits >> 16 : bits & 0xFFFFu;
}

static inline int32_t lino_one_of(const lino_operand* one) {
    return one->format == LINO_Q15 ? LINO_Q15_ONE : LINO_Q7_ONE;
}
static inline int lino_is_fixed(const lino_operand* one) { return one->format == LINO_Q15 || one->format == LINO_Q7; }

/* How q15 or q7 weights move along a q7 moment: m <- kept m + fresh g to nearest, w <- clip(w - m factor), dithered.
   In micro-batches the first decays, each adds its part, dithered, and the last moves. `ahead`: Nesterov's step. */
typedef struct lino_step {
    int32_t left, kept, fresh, factor;
    uint32_t key, moment_key, turn;
    int dithered, ahead;
} lino_step;

static inline lino_step lino_step_of(const lino_operand* w, double decay, double rate, double range,
                                     const lino_operand* micro, const lino_operand* random, double salt, int ahead) {
    const lino_micro part = lino_micro_batch(micro);
    const uint64_t state = lino_random_state(random);
    const int32_t whole = 1 << LINO_DECAY_FRACTION, wide = w->format == LINO_Q15;
    const double unit = (double)lino_one_of(w) / 127.0;
    const double scaled = rate / (range > 0.0 ? range : 1.0) * unit * (double)(1 << LINO_STEP_FRACTION);
    lino_step step;
    step.left = (int32_t)lino_half_up(decay * (double)whole);
    step.kept = lino_first(part) ? step.left : whole;
    step.fresh = (int32_t)lino_half_up((double)((whole - step.left) * (1 << LINO_SHARE_FRACTION)) / (double)part.count);
    step.factor = lino_last(part) ? lino_rounded(scaled, 0.0, 16777215.0) : 0; /* a dither alone moves nothing */
    step.moment_key = lino_step_key(state, salt);
    step.key = wide ? step.moment_key : lino_step_key(0, salt);
    step.turn = wide ? 0 : (uint32_t)(state >> LINO_TURN_SHIFT);
    step.dithered = part.count > 1;
    step.ahead = ahead;
    return step;
}

/* The usual step, of q15 weights in one batch. */
static inline int32_t lino_move_plain(const lino_step* of, const int8_t* gradients, int16_t* weights, int8_t* moments,
                                      lino_size n, uint32_t word) {
    const int32_t kept = of->kept, fresh = of->fresh, factor = of->factor;
    const uint32_t key = of->key;
    int32_t flips = 0;
    lino_size i;
    for (i = 0; i < n; i += 2) {
        uint32_t dithers = lino_random_bits(word * 32u + (uint32_t)(i >> 1), key);
        lino_size k;
        for (k = i; k < i + 2 && k < n; ++k, dithers >>= 16) {
            const int32_t total = moments[k] * kept + ((gradients[k] * fresh) >> LINO_SHARE_FRACTION);
            const int32_t moment = (total + (1 << LINO_DECAY_FRACTION >> 1)) >> LINO_DECAY_FRACTION, old = weights[k];
            const int32_t by = (moment * factor + (int32_t)(dithers & 0xFFFFu)) >> LINO_STEP_FRACTION;
            const int32_t moved = lino_clamp(old - by, -LINO_Q15_ONE, LINO_Q15_ONE);
            moments[k] = (int8_t)moment;
            weights[k] = (int16_t)moved;
            flips += (int32_t)((uint32_t)(old ^ moved) >> 31);
        }
    }
    return flips;
}

/* `first` is the index of the first weight in the buffer, `word` the number of its word in the matrix. Returns how many
   signs changed. */
static inline int32_t lino_move(const lino_step* step, const int8_t* gradients, const lino_operand* w,
                                const lino_operand* m, lino_size first, lino_size n, uint32_t word) {
    const int32_t one = lino_one_of(w), whole = 1 << LINO_DECAY_FRACTION;
    int8_t* moments = (int8_t*)m->data + first;
    int8_t* narrow = w->format == LINO_Q15 ? NULL : (int8_t*)w->data + first;
    int16_t* broad = narrow ? NULL : (int16_t*)w->data + first;
    uint32_t dithers = 0, nudges = 0;
    int32_t flips = 0;
    lino_size i;
    if (broad && !step->dithered && !step->ahead) return lino_move_plain(step, gradients, broad, moments, n, word);
    for (i = 0; i < n; ++i) {
        const int32_t gradient = gradients[i];
        int32_t moment = moments[i] * step->kept + ((gradient * step->fresh) >> LINO_SHARE_FRACTION), move, old, moved;
        dithers = i & 1 ? dithers >> 16 : lino_random_bits(word * 32u + (uint32_t)(i >> 1), step->key);
        if (step->dithered) {
            nudges = i & 1 ? nudges >> 16
                           : lino_random_bits(word * 32u + (uint32_t)(i >> 1) + 0x80000000u, step->moment_key);
            moment = (moment + (int32_t)((nudges & 0xFFFFu) >> (16 - LINO_DECAY_FRACTION))) >> LINO_DECAY_FRACTION;
            moment = lino_clamp(moment, -LINO_Q7_ONE, LINO_Q7_ONE);
        } else {
            moment = (moment + whole / 2) >> LINO_DECAY_FRACTION;
        }
        move = moment;
        if (step->ahead)
            move = (moment * step->left + gradient * (whole - step->left) + whole / 2) >> LINO_DECAY_FRACTION;
        old = narrow ? narrow[i] : broad[i];
        moved = old - ((move * step->factor + (int32_t)((dithers + step->turn) & 0xFFFFu)) >> LINO_STEP_FRACTION);
        moved = lino_clamp(moved, -one, one);
        moments[i] = (int8_t)moment;
        if (narrow)
            narrow[i] = (int8_t)moved;
        else
            broad[i] = (int16_t)moved;
        flips += (old >= 0) != (moved >= 0);
    }
    return flips;
}

/* Bits flipped by a slow q7 or q15 moment of signs: m <- m + rate (+-one - m), dithered; a weight flips where w m >
   threshold. In micro-batches the first forgets, each adds its part, and weights flip in the last. */
typedef struct lino_slow {
    int32_t one, fresh, forgotten, threshold;
    uint32_t key;
} lino_slow;

static inline lino_slow lino_slow_of(const lino_operand* m, double gamma, double tau, double scale,
                                     const lino_operand* micro, const lino_operand* random, double salt) {
    const lino_micro part = lino_micro_batch(micro);
    const double rate = gamma * (double)(1 << LINO_SLOW_FRACTION);
    lino_slow slow;
    double most;
    slow.one = lino_one_of(m);
    most = lino_last(part) ? floor(tau / scale * (double)slow.one) : 32767.0; /* no moment is beyond that */
    slow.fresh = (int32_t)lino_half_up(rate / (double)part.count);
    slow.forgotten = lino_first(part) ? (int32_t)lino_half_up(rate) : 0;
    slow.threshold = (int32_t)(most < 32767.0 ? most > -32769.0 ? most : -32769.0 : 32767.0);
    slow.key = lino_step_key(lino_random_state(random), salt);
    return slow;
}

/* Flips bits of `weights`, of which positive[i] says the sign of the gradient; `first` is the index of the first in the
   row, `index` that in the buffer of moments. Returns how many flipped. */
static inline int32_t lino_flip(const lino_slow* slow, const uint8_t* positive, uint32_t* weights,
                                const lino_operand* m, lino_size first, lino_size index, lino_size n) {
    int32_t flips = 0;
    lino_size i;
    for (i = 0; i < n; ++i) {
        const uint32_t dither = lino_random_bits((uint32_t)(index + i), slow->key) >> (32 - LINO_SLOW_FRACTION);
        const int32_t old = lino_integer(m, index + i);
        const int64_t pull =
            (int64_t)(positive[i] ? slow->one : -slow->one) * slow->fresh - (int64_t)old * slow->forgotten;
        const int32_t moment =
            lino_clamp(old + (int32_t)((pull + (int64_t)dither) >> LINO_SLOW_FRACTION), -slow->one, slow->one);
        lino_store_integer(m, index + i, moment);
        if ((lino_bit(weights, first + i) ? moment : -moment) > slow->threshold) {
            weights[(first + i) >> 5] ^= 1u << ((first + i) & 31);
            ++flips;
        }
    }
    return flips;
}

#endif
