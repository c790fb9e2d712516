/* input_gradient: dX = dY W^, the gradient of a layer's input (src/linocut/ops/input_gradient.py). */
#include "gradient_scale.h"

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE };
enum { AT_ONCE = 32 };

/* Inputs [32 half, + n) of a row. */
static void integers(const lino_call* call, lino_size row, lino_size half, lino_size n, lino_rounding* rounding) {
    const lino_operand *all = call->operands, *dy = all + DY, *dx = all + DX;
    int32_t sums[AT_ONCE] = {0}, total = 0;
    lino_size output, c;
    for (output = 0; output < dy->cols; ++output) {
        const int32_t g = lino_mantissa_of(dy, row * dy->cols + output);
        uint32_t word = lino_bits(all + WEIGHTS, output)[half];
        if (!g) continue;
        total += g;
        for (c = 0; c < n; ++c, word >>= 1) sums[c] += g & -(int32_t)(word & 1u);
    }
    for (c = 0; c < n; ++c) lino_round_sum(rounding, dx, row * dx->cols + 32 * half + c, 2 * sums[c] - total);
}

static void floats(const lino_call* call, lino_size row, lino_size half, lino_size n) {
    const lino_operand *all = call->operands, *dy = all + DY, *dx = all + DX;
    float sums[AT_ONCE] = {0};
    lino_size output, c;
    for (output = 0; output < dy->cols; ++output) {
        const float g = lino_float(dy, row * dy->cols + output);
        uint32_t word = lino_bits(all + WEIGHTS, output)[half];
        for (c = 0; c < n; ++c, word >>= 1) sums[c] += word & 1u ? g : -g;
    }
    for (c = 0; c < n; ++c) lino_store(dx, row * dx->cols + 32 * half + c, sums[c]);
}

void lino_input_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const int exact = lino_is_integer(all + DY);
    lino_rounding rounding = {0, 0, 0, 0, 0};
    lino_size row, half;
    if (exact) rounding = lino_rounding_of(dx, all + DY_EXPONENT, all + DX_EXPONENT);
    for (row = 0; row < dx->rows; ++row) {
        for (half = 0; 32 * half < dx->cols; ++half) {
            const lino_size n = lino_least(AT_ONCE, dx->cols - 32 * half);
            if (exact)
                integers(call, row, half, n, &rounding);
            else
                floats(call, row, half, n);
        }
    }
    if (exact) lino_note(&rounding, all + SCALE);
}
