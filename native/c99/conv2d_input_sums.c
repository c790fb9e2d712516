/* conv2d_input_sums: the sum of dX of a convolution over all pixels, by channel, without dX
   (src/linocut/ops/conv2d_input_sums.py). */
#include "c99.h"

enum { DY, WEIGHTS, SUMS, WORK };
enum { HEIGHT, WIDTH, STRIDE, PAD_TOP, PAD_LEFT };

/* Outputs [begin, end) of `size` of which tap `tap` sees a pixel of `image`. */
typedef struct {
    lino_size begin, end;
} span;

static span seeing(lino_size tap, lino_size image, lino_size size, lino_size stride, lino_size pad) {
    const lino_size before = pad - tap, last = image - 1 + before;
    span seen;
    seen.begin = before > 0 ? (before + stride - 1) / stride : 0;
    seen.end = last < 0 ? 0 : lino_least(size, last / stride + 1);
    return seen;
}

static void add_row(const double* from, lino_size n, double* sums) {
    lino_size c;
    for (c = 0; c < n; ++c) sums[c] += from[c];
}

/* Over the images. */
static void add_images(const lino_operand* dy, lino_size pixels, double* sums) {
    lino_size row, c;
    memset(sums, 0, (size_t)(pixels * dy->cols) * sizeof(double));
    for (row = 0; row < dy->rows; ++row)
        for (c = 0; c < dy->cols; ++c) sums[row % pixels * dy->cols + c] += (double)lino_float(dy, row * dy->cols + c);
}

void lino_conv2d_input_sums(const lino_call* call) {
    const lino_operand *dy = call->operands + DY, *weights = call->operands + WEIGHTS, *sums = call->operands + SUMS;
    const double* at = call->attributes;
    const lino_size rows = (lino_size)dy->shape[1], columns = (lino_size)dy->shape[2], outputs = dy->cols;
    const lino_size down = (lino_size)weights->shape[1], right = (lino_size)weights->shape[2];
    const lino_size stride = (lino_size)at[STRIDE];
    double *pixels = lino_doubles(call->operands + WORK), *across = pixels + rows * columns * outputs;
    lino_size i, j, p, q, o, c;
    add_images(dy, rows * columns, pixels);
    memset(across, 0, (size_t)(rows * right * outputs) * sizeof(double));
    for (q = 0; q < right; ++q) {
        const span seen = seeing(q, (lino_size)at[WIDTH], columns, stride, (lino_size)at[PAD_LEFT]);
        for (i = 0; i < rows; ++i)
            for (j = seen.begin; j < seen.end; ++j)
                add_row(pixels + (i * columns + j) * outputs, outputs, across + (q * rows + i) * outputs);
    }
    for (c = 0; c < sums->cols; ++c) {
        double total = 0.0;
        for (o = 0; o < outputs; ++o) {
            for (p = 0; p < down; ++p) {
                const span seen = seeing(p, (lino_size)at[HEIGHT], rows, stride, (lino_size)at[PAD_TOP]);
                for (q = 0; q < right; ++q) {
                    double met = 0.0;
                    for (i = seen.begin; i < seen.end; ++i) met += across[(q * rows + i) * outputs + o];
                    total += met * (double)lino_float(weights, ((o * down + p) * right + q) * sums->cols + c);
                }
            }
        }
        ((float*)sums->data)[c] = (float)total;
    }
}
