/* pruned_input_gradient: dX from dY and binary weights of which some are 0, taps in order, then outputs
   (src/linocut/ops/pruned_input_gradient.py). */
#include "gradient_scale.h"
#include "window.h"

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE, PRUNED };
enum { AT_ONCE = 32 };

/* Where dX is formed: channels [first, first + n) of pixel (y, x) of image b. */
typedef struct {
    lino_size b, y, x, first, n;
} place;

/* The row of weights of an output and a tap, and of what is pruned of it. */
static const uint32_t* pruned_of(const lino_call* call, lino_size output, lino_size tap, lino_size taps) {
    const lino_operand* pruned = call->operands + PRUNED;
    return lino_bits(pruned, output % (lino_size)pruned->shape[0] * taps + tap);
}

static void add_integers(const lino_call* call, const lino_window* window, const place* at, int32_t* sums) {
    const lino_operand *all = call->operands, *dy = all + DY;
    const lino_size taps = window->rows * window->columns;
    lino_size tap, output, c;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seer = lino_seer(window, at->b, at->y, at->x, tap / window->columns, tap % window->columns);
        if (seer < 0) continue;
        for (output = 0; output < dy->cols; ++output) {
            const int32_t g = lino_mantissa_of(dy, seer * dy->cols + output);
            uint32_t positive = lino_bits(all + WEIGHTS, output * taps + tap)[at->first / 32];
            uint32_t kept = ~pruned_of(call, output, tap, taps)[at->first / 32];
            if (!g || !kept) continue;
            for (c = 0; c < at->n; ++c, positive >>= 1, kept >>= 1)
                if (kept & 1u) sums[c] += positive & 1u ? g : -g;
        }
    }
}

static void add_floats(const lino_call* call, const lino_window* window, const place* at, float* sums) {
    const lino_operand *all = call->operands, *dy = all + DY;
    const lino_size taps = window->rows * window->columns;
    lino_size tap, output, c;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seer = lino_seer(window, at->b, at->y, at->x, tap / window->columns, tap % window->columns);
        if (seer < 0) continue;
        for (output = 0; output < dy->cols; ++output) {
            const float g = lino_float(dy, seer * dy->cols + output);
            const uint32_t* positive = lino_bits(all + WEIGHTS, output * taps + tap);
            const uint32_t* pruned = pruned_of(call, output, tap, taps);
            for (c = 0; c < at->n; ++c) {
                const float sign = lino_bit(positive, at->first + c) ? 1.0f : -1.0f;
                sums[c] += g * (lino_bit(pruned, at->first + c) ? 0.0f : sign);
            }
        }
    }
}

static void run_place(const lino_call* call, const lino_window* window, const place* at, lino_rounding* rounding) {
    const lino_operand *all = call->operands, *dx = all + DX;
    const lino_size to = ((at->b * window->height + at->y) * window->width + at->x) * dx->cols + at->first;
    lino_size c;
    if (lino_is_integer(all + DY)) {
        int32_t sums[AT_ONCE] = {0};
        add_integers(call, window, at, sums);
        for (c = 0; c < at->n; ++c) lino_round_sum(rounding, dx, to + c, sums[c]);
    } else {
        float sums[AT_ONCE] = {0};
        add_floats(call, window, at, sums);
        for (c = 0; c < at->n; ++c) lino_store(dx, to + c, sums[c]);
    }
}

void lino_pruned_input_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *dx = all + DX, *weights = all + WEIGHTS;
    const lino_window window = lino_convolution_of(dx, weights, all + DY, call->attributes);
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
