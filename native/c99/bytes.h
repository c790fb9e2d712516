/* Products of bytes with signs: a byte u counts 2u - 255. Bytes that are 0 are passed over. */
#ifndef LINO_BYTES_H
#define LINO_BYTES_H

#include "c99.h"

enum { LINO_BYTES_AT_ONCE = 128 }; /* whole words of weights */

/* The bytes that are not 0, of those at a time. */
typedef struct lino_nonzero {
    int32_t count, total; /* their sum */
    uint8_t place[LINO_BYTES_AT_ONCE], value[LINO_BYTES_AT_ONCE];
} lino_nonzero;

static inline void lino_find_nonzero(lino_nonzero* found, const uint8_t* bytes, lino_size n) {
    lino_size k;
    found->count = found->total = 0;
    for (k = 0; k < n; ++k) {
        if (!bytes[k]) continue;
        found->place[found->count] = (uint8_t)k;
        found->value[found->count++] = bytes[k];
        found->total += bytes[k];
    }
}

/* Their sum by signs, of bits that begin at `bits`. */
static inline int32_t lino_signed_sum(const lino_nonzero* found, const uint32_t* bits) {
    int32_t positive = 0, i;
    for (i = 0; i < found->count; ++i) {
        const int32_t k = found->place[i];
        positive += found->value[i] & -(int32_t)(bits[k >> 5] >> (k & 31) & 1u);
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

enum { LINO_OUTPUTS_AT_ONCE = 64 };

/* sums[i] is the product of a row of n bytes with output first + i. */
static inline void lino_byte_products(const uint8_t* bytes, lino_size n, const lino_operand* weights, lino_size first,
                                      lino_size outputs, int32_t* sums) {
    lino_size k, i;
    for (i = 0; i < outputs; ++i) sums[i] = -255 * lino_sum_of_signs(lino_bits(weights, first + i), n);
    for (k = 0; k < n; k += LINO_BYTES_AT_ONCE) {
        lino_nonzero found;
        lino_find_nonzero(&found, bytes + k, lino_least(LINO_BYTES_AT_ONCE, n - k));
        if (!found.count) continue;
        for (i = 0; i < outputs; ++i) sums[i] += 2 * lino_signed_sum(&found, lino_bits(weights, first + i) + k / 32);
    }
}

#endif
