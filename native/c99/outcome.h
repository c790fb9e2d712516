/* What becomes of sums in prediction: y, or by thresholds bits (src/linocut/ops/outcome.py). The operands least, bits
   and y are at the same places in all products of prediction. */
#ifndef LINO_OUTCOME_H
#define LINO_OUTCOME_H

#include "c99.h"

enum { LINO_LEAST = 2, LINO_OUTCOME_BITS, LINO_OUTCOME_Y };

/* The operand that the sums become. */
static inline const lino_operand* lino_outcome_of(const lino_call* call) {
    return call->operands + (call->operands[LINO_OUTCOME_BITS].data ? LINO_OUTCOME_BITS : LINO_OUTCOME_Y);
}

/* n <= 64 sums of the outputs from `first` on, a multiple of 64. */
static inline void lino_store_outcome(const lino_call* call, lino_size row, lino_size first, lino_size n,
                                      const int32_t* sums) {
    const lino_operand* to = lino_outcome_of(call);
    const int32_t* least = (const int32_t*)call->operands[LINO_LEAST].data;
    uint32_t words[2] = {0, 0};
    lino_size c;
    if (to->format != LINO_BIT) {
        for (c = 0; c < n; ++c) lino_store_integer(to, row * to->cols + first + c, sums[c]);
        return;
    }
    for (c = 0; c < n; ++c) words[c >> 5] |= (uint32_t)(sums[c] >= least[first + c]) << (c & 31);
    memcpy(lino_bits(to, row) + first / 32, words, sizeof words);
}

#endif
