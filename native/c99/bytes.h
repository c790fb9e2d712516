/* Products of bytes with signs: a byte u counts 2u - 255. Bytes that are 0 are passed over. */
#ifndef LINO_BYTES_H
#define LINO_BYTES_H

#include "c99.h"

enum { LINO_BYTES_AT_ONCE = 128 }; /* whole words of weights */

/* The bytes that are not 0, of those at a time: `end` of those of each 32, and by how much a bit is shifted left to be
   the sign of a word. */
typedef struct lino_nonzero {
    int32_t total; /* their sum */
    uint8_t end[LINO_BYTES_AT_ONCE / 32], shift[LINO_BYTES_AT_ONCE], value[LINO_BYTES_AT_ONCE];
} lino_nonzero;

static inline int32_t lino_find_nonzero(lino_nonzero* found, const uint8_t* bytes, lino_size n) {
    int32_t count = 0, total = 0;
    lino_size group, k;
    for (group = 0; group < LINO_BYTES_AT_ONCE / 32; ++group) {
        for (k = 32 * group; k < 32 * group + 32 && k < n; ++k) {
            if (!bytes[k]) continue;
            found->shift[count] = (uint8_t)(31 - (k & 31));
            found->value[count++] = bytes[k];
            total += bytes[k];
        }
        found->end[group] = (uint8_t)count;
    }
    found->total = total;
    return count;
}

/* Their sum by signs, of bits that begin at `bits`. */
static inline int32_t lino_signed_sum(const lino_nonzero* found, const uint32_t* bits) {
    int32_t positive = 0, i = 0;
    lino_size group;
    for (group = 0; group < LINO_BYTES_AT_ONCE / 32; ++group) {
        const int32_t end = found->end[group];
        uint32_t word;
        if (i == end) continue; /* perhaps behind the last word */
        word = bits[group];
        for (; i < end; ++i) positive += found->value[i] & ((int32_t)(word << found->shift[i]) >> 31);
    }
    return 2 * positive - found->total;
}

/* The sum of n signs. */
static inline int32_t lino_sum_of_signs(const uint32_t* bits, lino_size n) {
    int32_t ones = 0;
    lino_size k;
    for (k = 0; k < lino_halves(n); ++k) ones += lino_ones(bits[k]);
    return 2 * ones - (int32_t)n;
}

/* The product of n bytes with signs, one by one: of a pixel, which has few. */
static inline int32_t lino_byte_product(const uint8_t* bytes, const uint32_t* bits, lino_size n) {
    int32_t sum = 0;
    lino_size c;
    for (c = 0; c < n; ++c) sum += lino_bit(bits, c) ? 2 * bytes[c] - 255 : 255 - 2 * bytes[c];
    return sum;
}

enum { LINO_OUTPUTS_AT_ONCE = 64 };

/* sums[i] is the product of a row of n bytes with output first + i. */
static inline void lino_byte_products(const uint8_t* bytes, lino_size n, const lino_operand* weights, lino_size first,
                                      lino_size outputs, int32_t* sums) {
    lino_size k, i;
    for (i = 0; i < outputs; ++i) sums[i] = -255 * lino_sum_of_signs(lino_bits(weights, first + i), n);
    for (k = 0; k < n; k += LINO_BYTES_AT_ONCE) {
        lino_nonzero found;
        if (!lino_find_nonzero(&found, bytes + k, lino_least(LINO_BYTES_AT_ONCE, n - k))) continue;
        for (i = 0; i < outputs; ++i) sums[i] += 2 * lino_signed_sum(&found, lino_bits(weights, first + i) + k / 32);
    }
}

#endif
