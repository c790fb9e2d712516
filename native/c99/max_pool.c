/* max_pool: the largest of each window, and which tap it came from; ties go to the first (src/linocut/ops/max_pool.py).
 */
#include "window.h"

enum { X, Y, INDEX };

static int is_larger(const lino_operand* x, lino_size row, lino_size than, lino_size channel) {
    const lino_size a = row * x->cols + channel, b = than * x->cols + channel;
    if (x->format == LINO_BIT) return lino_bit(lino_bits(x, row), channel) > lino_bit(lino_bits(x, than), channel);
    if (lino_is_integer(x)) return lino_integer(x, a) > lino_integer(x, b);
    return lino_float(x, a) > lino_float(x, b);
}

/* The tap of the largest, and the pixel that it sees. */
static lino_size best_tap(const lino_operand* x, const lino_window* window, const lino_size* at, lino_size channel,
                          lino_size* pixel) {
    const lino_taps rows = lino_rows_within(window, at[1]), columns = lino_columns_within(window, at[2]);
    lino_size p, q, best = 0;
    *pixel = -1;
    for (p = rows.begin; p < rows.end; ++p) {
        for (q = columns.begin; q < columns.end; ++q) {
            const lino_size seen = lino_seen(window, at[0], at[1], at[2], p, q);
            if (*pixel >= 0 && !is_larger(x, seen, *pixel, channel)) continue;
            *pixel = seen;
            best = p * window->columns + q;
        }
    }
    return best;
}

static void copy_element(const lino_operand* y, lino_size to, const lino_operand* x, lino_size from) {
    switch (x->format) {
        case LINO_F16:
            ((uint16_t*)y->data)[to] = ((const uint16_t*)x->data)[from];
            return;
        case LINO_F32:
            ((uint32_t*)y->data)[to] = ((const uint32_t*)x->data)[from];
            return;
        default:
            lino_store_integer(y, to, lino_integer(x, from));
            return;
    }
}

/* Channels [32 half, + n) of output `row`. */
static void run_half(const lino_call* call, const lino_window* window, const lino_size* at, lino_size row,
                     lino_size half, lino_size n) {
    const lino_operand *x = call->operands + X, *y = call->operands + Y, *index = call->operands + INDEX;
    const lino_size planes = index->data ? (lino_size)index->shape[3] : 0;
    uint32_t word = 0;
    lino_size c, plane;
    for (plane = 0; plane < planes; ++plane) lino_bits(index, row * planes + plane)[half] = 0;
    for (c = 0; c < n; ++c) {
        lino_size pixel;
        const lino_size channel = 32 * half + c, tap = best_tap(x, window, at, channel, &pixel);
        for (plane = 0; plane < planes; ++plane)
            lino_bits(index, row * planes + plane)[half] |= (uint32_t)(tap >> plane & 1) << c;
        if (x->format == LINO_BIT)
            word |= lino_bit(lino_bits(x, pixel), channel) << c;
        else
            copy_element(y, row * y->cols + channel, x, pixel * x->cols + channel);
    }
    if (x->format == LINO_BIT) lino_bits(y, row)[half] = word;
}

void lino_max_pool(const lino_call* call) {
    const lino_operand* y = call->operands + Y;
    const lino_window window = lino_pool_of(call->operands + X, y, call->attributes);
    lino_size at[3], row = 0, half;
    for (at[0] = 0; at[0] < window.batch; ++at[0]) {
        for (at[1] = 0; at[1] < window.out_height; ++at[1]) {
            for (at[2] = 0; at[2] < window.out_width; ++at[2], ++row) {
                for (half = 0; half < lino_halves(y->cols); ++half) {
                    const lino_size left = y->cols - 32 * half;
                    run_half(call, &window, at, row, half, left < 0 ? 0 : lino_least(32, left));
                }
            }
        }
    }
}
