/* packed_matmul: binary_matmul with weights in panels, for prediction (src/linocut/ops/packed_matmul.py). */
#include "outcome.h"

/* A panel has the words of 64 outputs side by side: word 0 of all, then word 1. */
void lino_packed_matmul(const lino_call* call) {
    const lino_operand *x = call->operands, *to = lino_outcome_of(call);
    const uint32_t* panels = (const uint32_t*)call->operands[1].data;
    const lino_size words = lino_halves(x->cols) / 2;
    lino_size row, first, word, c;
    for (row = 0; row < x->rows; ++row) {
        const uint32_t* bits = lino_bits(x, row);
        for (first = 0; first < to->cols; first += 64) {
            const lino_size n = lino_least(64, to->cols - first);
            const uint32_t* panel = panels + first / 64 * words * 128;
            int32_t sums[64];
            for (c = 0; c < n; ++c) sums[c] = (int32_t)x->cols;
            for (word = 0; word < words; ++word) {
                const uint32_t* side = panel + word * 128;
                for (c = 0; c < n; ++c)
                    sums[c] -=
                        2 * (lino_ones(bits[2 * word] ^ side[2 * c]) + lino_ones(bits[2 * word + 1] ^ side[2 * c + 1]));
            }
            lino_store_outcome(call, row, first, n, sums);
        }
    }
}
