/* Windows that move over images: output (i, j) sees input (i stride + p - pad_top, j stride + q - pad_left) through tap
   (p, q); what lies outside the image is left out (src/linocut/ops/window.py). */
#ifndef LINO_WINDOW_H
#define LINO_WINDOW_H

#include "c99.h"

typedef struct lino_window {
    lino_size batch, height, width;  /* of the images */
    lino_size out_height, out_width; /* of the outputs */
    lino_size rows, columns;         /* of the window */
    lino_size stride, pad_top, pad_left;
} lino_window;

/* `at` are stride, pad_top and pad_left; images and outputs are (B, H, W, C). */
static inline lino_window lino_window_of(const lino_operand* images, lino_size rows, lino_size columns,
                                         const lino_operand* outputs, const double* at) {
    lino_window window;
    window.batch = (lino_size)images->shape[0];
    window.height = (lino_size)images->shape[1];
    window.width = (lino_size)images->shape[2];
    window.out_height = (lino_size)outputs->shape[1];
    window.out_width = (lino_size)outputs->shape[2];
    window.rows = rows;
    window.columns = columns;
    window.stride = (lino_size)at[0];
    window.pad_top = (lino_size)at[1];
    window.pad_left = (lino_size)at[2];
    return window;
}

/* Of a convolution, whose weights are (outputs, rows, columns, inputs). */
static inline lino_window lino_convolution_of(const lino_operand* images, const lino_operand* weights,
                                              const lino_operand* outputs, const double* at) {
    return lino_window_of(images, (lino_size)weights->shape[1], (lino_size)weights->shape[2], outputs, at);
}

/* Of a pool, whose attributes are height, width, stride, pad_top and pad_left. */
static inline lino_window lino_pool_of(const lino_operand* images, const lino_operand* outputs,
                                       const double* attributes) {
    return lino_window_of(images, (lino_size)attributes[0], (lino_size)attributes[1], outputs, attributes + 2);
}

/* Taps [begin, end) of one side of a window. Pools have windows far larger than their images. */
typedef struct lino_taps {
    lino_size begin, end;
} lino_taps;

/* Those of `taps` that see a pixel of `size`, from the output whose first tap sees pixel `first`. */
static inline lino_taps lino_within(lino_size first, lino_size taps, lino_size size) {
    lino_taps found;
    found.begin = first < 0 ? -first : 0;
    found.end = lino_least(taps, size - first);
    return found;
}

/* Those through which one of `outputs` may see the pixel that the first output sees through tap `down`. */
static inline lino_taps lino_around(lino_size down, lino_size taps, lino_size stride, lino_size outputs) {
    const lino_size begin = down - (outputs - 1) * stride;
    lino_taps found;
    found.begin = begin < 0 ? 0 : begin;
    found.end = lino_least(taps, down + 1);
    return found;
}

static inline lino_taps lino_rows_within(const lino_window* window, lino_size i) {
    return lino_within(i * window->stride - window->pad_top, window->rows, window->height);
}

static inline lino_taps lino_columns_within(const lino_window* window, lino_size j) {
    return lino_within(j * window->stride - window->pad_left, window->columns, window->width);
}

static inline lino_taps lino_rows_around(const lino_window* window, lino_size y) {
    return lino_around(y + window->pad_top, window->rows, window->stride, window->out_height);
}

static inline lino_taps lino_columns_around(const lino_window* window, lino_size x) {
    return lino_around(x + window->pad_left, window->columns, window->stride, window->out_width);
}

/* The pixel, as a row of the images, that output (i, j) of image b sees through tap (p, q); -1 where there is none. */
static inline lino_size lino_seen(const lino_window* window, lino_size b, lino_size i, lino_size j, lino_size p,
                                  lino_size q) {
    const lino_size y = i * window->stride + p - window->pad_top, x = j * window->stride + q - window->pad_left;
    if (y < 0 || y >= window->height || x < 0 || x >= window->width) return -1;
    return (b * window->height + y) * window->width + x;
}

/* The output, as a row of the outputs, that sees pixel (y, x) of image b through tap (p, q); -1 where there is none. */
static inline lino_size lino_seer(const lino_window* window, lino_size b, lino_size y, lino_size x, lino_size p,
                                  lino_size q) {
    const lino_size down = y + window->pad_top - p, right = x + window->pad_left - q;
    lino_size i, j;
    if (down < 0 || right < 0 || down % window->stride || right % window->stride) return -1;
    i = down / window->stride;
    j = right / window->stride;
    if (i >= window->out_height || j >= window->out_width) return -1;
    return (b * window->out_height + i) * window->out_width + j;
}

#endif
