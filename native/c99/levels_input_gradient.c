/* levels_input_gradient: dX from dY and the levels of a convolution's weights, taps in order, then outputs
   (src/linocut/ops/levels_input_gradient.py). */
#include "gradient_scale.h"
#include "levels.h"
#include "window.h"

enum { DY, DY_EXPONENT, WEIGHTS, DX = 6, DX_EXPONENT, SCALE };
enum { FACTOR = 4 };
enum { AT_ONCE = 32 };

/* Where dX is formed: channels [first, first + n) of pixel (y, x) of image b. */
typedef struct {
    lino_size b, y, x, first, n;
} place;

static void add_taps(const lino_call* call, const lino_window* window, const place* at, int32_t* sums, float* floats) {
    const lino_operand *all = call->operands, *dy = all + DY;
    const lino_size taps = window->rows * window->columns;
    const int planes = lino_planes(all + WEIGHTS), integers = lino_is_integer(dy);
    const int32_t largest = lino_largest_level(planes);
    lino_size tap, output, c;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seer = lino_seer(window, at->b, at->y, at->x, tap / window->columns, tap % window->columns);
        if (seer < 0) continue;
        for (output = 0; output < dy->cols; ++output) {
            const int32_t mantissa = integers ? lino_mantissa_of(dy, seer * dy->cols + output) : 0;
            const float number = integers ? 0.0f : lino_float(dy, seer * dy->cols + output);
            for (c = 0; c < at->n; ++c) {
                const int32_t code = lino_code_in(all + WEIGHTS, planes, output * taps + tap, at->first + c);
                if (integers)
                    sums[c] += mantissa * (2 * code - largest);
                else
                    floats[c] += number * (float)(2 * code - largest);
            }
        }
    }
}

static void run_place(const lino_call* call, const lino_window* window, const place* at, lino_rounding* rounding) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const lino_size to = ((at->b * window->height + at->y) * window->width + at->x) * dx->cols + at->first;
    const double factor = call->attributes[FACTOR];
    int32_t sums[AT_ONCE] = {0};
    float floats[AT_ONCE] = {0};
    lino_size c;
    add_taps(call, window, at, sums, floats);
    for (c = 0; c < at->n; ++c) {
        if (lino_is_integer(all + DY))
            lino_round_sum(rounding, dx, to + c, sums[c] * (int32_t)factor);
        else
            lino_store(dx, to + c, floats[c] * (float)factor);
    }
}

void lino_levels_input_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const lino_window window = lino_convolution_of(dx, all + WEIGHTS, all + DY, call->attributes);
    const int exact = lino_is_integer(all + DY);
    lino_rounding rounding = {0, 0, 0, 0, 0};
    place at;
    if (exact) rounding = lino_rounding_of(dx, all + DY_EXPONENT, all + DX_EXPONENT);
    for (at.b = 0; at.b < window.batch; ++at.b) {
        for (at.y = 0; at.y < window.height; ++at.y) {
            for (at.x = 0; at.x < window.width; ++at.x) {
                for (at.first = 0; at.first < dx->cols; at.first += AT_ONCE) {
                    at.n = lino_least(AT_ONCE, dx->cols - at.first);
                    run_place(call, &window, &at, &rounding);
                }
            }
        }
    }
    if (exact) lino_note(&rounding, all + SCALE);
}
