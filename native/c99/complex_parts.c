/* complex_parts: the real parts of complex channels, then the imaginary ones (src/linocut/ops/complex_block.py). */
#include "c99.h"

static void copy_bits(const uint32_t* from, lino_size first, uint32_t* to, lino_size count) {
    lino_size c;
    memset(to, 0, (size_t)lino_halves(count) * sizeof *to);
    for (c = 0; c < count; ++c) to[c >> 5] |= lino_bit(from, first + c) << (c & 31);
}

void lino_complex_parts(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const size_t size = x->format == LINO_F32 ? 4 : x->format == LINO_F16 ? 2 : 1;
    lino_size part, row, c;
    for (part = 0; part < 2; ++part) {
        for (row = 0; row < x->rows; ++row) {
            const lino_size to = part * x->rows + row, first = part * y->cols;
            if (x->format == LINO_BIT) {
                copy_bits(lino_bits(x, row), first, lino_bits(y, to), y->cols);
            } else if (x->format == LINO_I4) {
                for (c = 0; c < y->cols; ++c)
                    lino_store_integer(y, to * y->cols + c, lino_load_nibble(x, row * x->cols + first + c));
            } else {
                memcpy((uint8_t*)y->data + (size_t)(to * y->cols) * size,
                       (const uint8_t*)x->data + (size_t)(row * x->cols + first) * size, (size_t)y->cols * size);
            }
        }
    }
}
