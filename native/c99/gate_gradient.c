/* gate_gradient: the gradient that the estimator of a sign lets through: by a mask, by a slope, or by x itself
   (src/linocut/ops/real_sign.py). */
#include "gradient_unit.h"

enum { DX, DX_EXPONENT, UNIT, MASK, SLOPE, X, MORE, OUT };

void lino_gate_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const int64_t given = all[DX_EXPONENT].data ? (int64_t)*(const int32_t*)all[DX_EXPONENT].data : 0;
    const int exponent = (int)lino_clamp_wide(given - lino_unit_exponent(all + UNIT), -8192, 8192);
    lino_size row, column;
    for (row = 0; row < dx->rows; ++row) {
        for (column = 0; column < dx->cols; ++column) {
            const lino_size at = row * dx->cols + column;
            float g = lino_float(dx, at);
            if (all[DX_EXPONENT].data) g = (float)ldexp((double)g, exponent);
            if (all[MASK].data) {
                if (!lino_bit(lino_bits(all + MASK, row), column)) g = 0.0f;
            } else if (all[SLOPE].data) {
                g = g * ((float)lino_integer(all + SLOPE, at) * (float)(2.0 / 255.0));
            } else if (all[X].data) {
                const float left = 1.0f - fabsf(lino_float(all + X, at));
                g = g * ((left > 0.0f ? left : 0.0f) * 2.0f);
            }
            if (all[MORE].data) g += lino_float(all + MORE, at);
            lino_store(all + OUT, at, g);
        }
    }
}
