/* max_pool_gradient: each output's gradient goes to the input that was the largest; integers of windows that overlap
   are shifted right, floats summed from the last tap (src/linocut/ops/max_pool_gradient.py). */
#include "gradient_scale.h"
#include "window.h"

enum { DY, DY_EXPONENT, INDEX, DX, DX_EXPONENT };
enum { HEIGHT, WIDTH, STRIDE };

/* The right shift after which a sum over all windows that share an input fits the format of one of them. */
static int32_t shift_of(const double* a) {
    const int64_t height = (int64_t)a[HEIGHT], width = (int64_t)a[WIDTH], stride = (int64_t)a[STRIDE];
    const int64_t most = (height + stride - 1) / stride * ((width + stride - 1) / stride) - 1;
    int32_t shift = 0;
    while (most >> shift) ++shift;
    return shift;
}

/* The number of the tap that an output came from. */
static lino_size chosen(const lino_operand* index, lino_size row, lino_size channel) {
    const lino_size planes = (lino_size)index->shape[3];
    lino_size plane, tap = 0;
    for (plane = 0; plane < planes; ++plane)
        tap |= (lino_size)lino_bit(lino_bits(index, row * planes + plane), channel) << plane;
    return tap;
}

void lino_max_pool_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dy = all + DY, *dx = all + DX;
    const lino_window window = lino_pool_of(dx, dy, call->attributes);
    const int integers = lino_is_integer(dy);
    const int32_t shift = integers ? shift_of(call->attributes) : 0, most = lino_most_mantissa(dx);
    lino_size b, y, x, p, q, channel, at = 0;
    for (b = 0; b < window.batch; ++b) {
        for (y = 0; y < window.height; ++y) {
            for (x = 0; x < window.width; ++x) {
                const lino_taps rows = lino_rows_around(&window, y), columns = lino_columns_around(&window, x);
                for (channel = 0; channel < dx->cols; ++channel, ++at) {
                    int32_t whole = 0;
                    float sum = 0.0f;
                    for (p = rows.end - 1; p >= rows.begin; --p) {
                        for (q = columns.end - 1; q >= columns.begin; --q) {
                            const lino_size seer = lino_seer(&window, b, y, x, p, q);
                            if (seer < 0 || chosen(all + INDEX, seer, channel) != p * window.columns + q) continue;
                            if (integers)
                                whole += lino_integer(dy, seer * dy->cols + channel);
                            else
                                sum += lino_float(dy, seer * dy->cols + channel);
                        }
                    }
                    if (dx->format == LINO_I4)
                        lino_store_nibble(dx, at, lino_code_of(2 * whole >> shift));
                    else if (integers)
                        lino_store_integer(dx, at, lino_clamp((whole + ((1 << shift) >> 1)) >> shift, -most, most));
                    else
                        lino_store(dx, at, sum);
                }
            }
        }
    }
    if (integers) lino_store_exponent(all + DX_EXPONENT, all + DY_EXPONENT, shift);
}
