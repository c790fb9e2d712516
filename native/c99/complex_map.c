/* complex_map: a real 2 x 2 matrix for each complex channel (src/linocut/ops/complex_map.py). */
#include "complex_map.h"

void lino_complex_map(const lino_call* call) {
    const lino_operand *x = call->operands, *gains = call->operands + 1, *centre = call->operands + 2,
                       *y = call->operands + 3;
    const lino_size half = gains->cols;
    lino_size row, c;
    for (c = 0; c < half; ++c) {
        lino_matrix by = lino_matrix_of(gains, c, (float)call->attributes[0]);
        if (call->attributes[1] != 0.0) {
            const float kept = by.ri;
            by.ri = by.ir;
            by.ir = kept;
        }
        for (row = 0; row < x->rows; ++row) {
            const lino_size at = row * x->cols + c;
            float re = lino_float(x, at), im = lino_float(x, at + half), real, imaginary;
            if (centre->data) {
                re -= lino_float(centre, c);
                im -= lino_float(centre, half + c);
            }
            real = re * by.rr;
            imaginary = im * by.ii;
            if (gains->rows > 1) {
                real = re * by.rr + im * by.ri;
                imaginary = re * by.ir + im * by.ii;
            }
            lino_store(y, at, real);
            lino_store(y, at + half, imaginary);
        }
    }
}
