/* conv2d: y = x * W over images, binary, of bytes or in floats, taps in order, then inputs (src/linocut/ops/conv2d.py).
 */
#include "bytes.h"
#include "window.h"

enum { X, WEIGHTS, Y };

/* The pixel that a tap of an output sees: `seen` is its row in the images, `row` that of the weights. */
static int32_t of_bits(const lino_operand* x, const lino_operand* weights, lino_size seen, lino_size row) {
    const uint32_t *a = lino_bits(x, seen), *b = lino_bits(weights, row);
    int32_t differ = 0;
    lino_size k;
    for (k = 0; k < lino_halves(x->cols); ++k) differ += lino_ones(a[k] ^ b[k]);
    return (int32_t)x->cols - 2 * differ;
}

static float add_floats(float sum, const lino_operand* x, const lino_operand* weights, lino_size seen, lino_size row) {
    lino_size c;
    for (c = 0; c < x->cols; ++c) {
        const float given = lino_float(x, seen * x->cols + c);
        if (weights->format == LINO_BIT)
            sum += lino_bit(lino_bits(weights, row), c) ? given : -given;
        else
            sum += given * lino_float(weights, row * weights->cols + c);
    }
    return sum;
}

static void run_output(const lino_call* call, const lino_window* window, lino_size b, lino_size i, lino_size j,
                       lino_size output, lino_size at) {
    const lino_operand *x = call->operands + X, *weights = call->operands + WEIGHTS, *y = call->operands + Y;
    const lino_size taps = window->rows * window->columns;
    int32_t exact = 0;
    float sum = 0.0f;
    lino_size tap;
    for (tap = 0; tap < taps; ++tap) {
        const lino_size seen = lino_seen(window, b, i, j, tap / window->columns, tap % window->columns);
        const lino_size row = output * taps + tap;
        if (seen < 0) continue;
        if (x->format == LINO_BIT)
            exact += of_bits(x, weights, seen, row);
        else if (x->format == LINO_U8)
            exact += lino_byte_product((const uint8_t*)x->data + seen * x->cols, lino_bits(weights, row), x->cols);
        else
            sum = add_floats(sum, x, weights, seen, row);
    }
    if (x->format == LINO_BIT)
        lino_store_sum(y, at, exact);
    else if (lino_is_integer(y))
        lino_store_integer(y, at, exact);
    else
        lino_store(y, at, x->format == LINO_U8 ? (float)exact / 255.0f : sum);
}

void lino_conv2d(const lino_call* call) {
    const lino_operand *weights = call->operands + WEIGHTS, *y = call->operands + Y;
    const lino_window window = lino_convolution_of(call->operands + X, weights, y, call->attributes);
    lino_size b, i, j, output, at = 0;
    for (b = 0; b < window.batch; ++b)
        for (i = 0; i < window.out_height; ++i)
            for (j = 0; j < window.out_width; ++j)
                for (output = 0; output < y->cols; ++output, ++at) run_output(call, &window, b, i, j, output, at);
}
