/* Words of taps of pruned layers, and lists of those that are kept (src/linocut/ops/keep_words.py). */
#ifndef LINO_PRUNED_WORDS_H
#define LINO_PRUNED_WORDS_H

#include "c99.h"

/* The channels of a tap: equal parts, each from a word of its own on; words are 64 lanes, in halves of 32. */
typedef struct lino_tap_words {
    lino_size channels, of_part, depth, total;
} lino_tap_words;

static inline lino_tap_words lino_tap_words_of(lino_size channels, double parts) {
    lino_tap_words tap;
    tap.channels = channels;
    tap.of_part = channels / (lino_size)parts;
    tap.depth = (tap.of_part + 63) / 64;
    tap.total = tap.depth * (lino_size)parts;
    return tap;
}

/* Where a word begins among the channels, and how many of its lanes there are. */
static inline lino_size lino_first_of_word(const lino_tap_words* tap, lino_size word) {
    return word / tap->depth * tap->of_part + word % tap->depth * 64;
}

static inline lino_size lino_lanes_of_word(const lino_tap_words* tap, lino_size word) {
    return lino_least(64, tap->of_part - word % tap->depth * 64);
}

/* The lanes of a word of a row of channels, the two halves into `out`. */
static inline void lino_take_word(const lino_tap_words* tap, const uint32_t* row, lino_size word, uint32_t* out) {
    const lino_size first = lino_first_of_word(tap, word), n = lino_lanes_of_word(tap, word);
    lino_size c;
    out[0] = out[1] = 0;
    for (c = 0; c < n; ++c) out[c >> 5] |= lino_bit(row, first + c) << (c & 31);
}

#endif
