/* real_sign: signs of floats, the mask |x| <= 1, and the slope 1 - |x| in 255ths (src/linocut/ops/real_sign.py). */
#include "c99.h"

enum { X, BITS, MASK, SLOPE };

static uint8_t steepness(float size) {
    const float left = 1.0f - size;
    return (uint8_t)floorf((left > 0.0f ? left : 0.0f) * 255.0f + 0.5f);
}

void lino_real_sign(const lino_call* call) {
    const lino_operand *all = call->operands, *x = all + X;
    uint8_t* slope = (uint8_t*)all[SLOPE].data;
    lino_size row, half, c;
    for (row = 0; row < x->rows; ++row) {
        for (half = 0; half < lino_halves(x->cols); ++half) {
            const lino_size n = lino_least(32, x->cols - 32 * half), at = row * x->cols + 32 * half;
            uint32_t signs = 0, passes = 0;
            for (c = 0; c < n; ++c) {
                const float given = lino_float(x, at + c), size = fabsf(given);
                signs |= (uint32_t)(given >= 0.0f) << c;
                passes |= (uint32_t)(size <= 1.0f) << c;
                if (slope) slope[at + c] = steepness(size);
            }
            lino_bits(all + BITS, row)[half] = signs;
            if (all[MASK].data) lino_bits(all + MASK, row)[half] = passes;
        }
    }
}
