/* The matrix [[rr, ri], [ir, ii]] of a complex channel (src/linocut/ops/complex_map.py). */
#ifndef LINO_COMPLEX_MAP_H
#define LINO_COMPLEX_MAP_H

#include "c99.h"

typedef struct lino_matrix {
    float rr, ri, ir, ii;
} lino_matrix;

static inline lino_matrix lino_matrix_of(const lino_operand* gains, lino_size channel, float factor) {
    float own[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    lino_matrix by;
    lino_size row;
    for (row = 0; row < gains->rows; ++row) own[row] = lino_float(gains, row * gains->cols + channel) * factor;
    by.rr = own[0];
    by.ri = gains->rows == 2 ? -own[1] : own[1];
    by.ir = gains->rows == 4 ? own[2] : own[1];
    by.ii = gains->rows == 4 ? own[3] : gains->rows == 3 ? own[2] : own[0];
    return by;
}

#endif
