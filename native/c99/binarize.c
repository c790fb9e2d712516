/* binarize: bits = values >= 0, packed (src/linocut/ops/binarize.py). */
#include "c99.h"

/* The usual weights. */
static uint32_t signs_of_q15(const int16_t* values, lino_size n) {
    uint32_t word = 0;
    lino_size c;
    for (c = 0; c < n; ++c) word |= (uint32_t)(values[c] >= 0) << c;
    return word;
}

void lino_binarize(const lino_call* call) {
    const lino_operand *values = call->operands, *to = call->operands + 1;
    const int integers = lino_is_integer(values);
    lino_size row, half, c;
    for (row = 0; row < values->rows; ++row) {
        uint32_t* bits = lino_bits(to, row);
        for (half = 0; half < lino_halves(values->cols); ++half) {
            const lino_size n = lino_least(32, values->cols - 32 * half), at = row * values->cols + 32 * half;
            uint32_t word = 0;
            if (values->format == LINO_Q15)
                word = signs_of_q15((const int16_t*)values->data + at, n);
            else if (integers)
                for (c = 0; c < n; ++c) word |= (uint32_t)(lino_integer(values, at + c) >= 0) << c;
            else
                for (c = 0; c < n; ++c) word |= (uint32_t)(lino_float(values, at + c) >= 0.0f) << c;
            bits[half] = word;
        }
    }
}
