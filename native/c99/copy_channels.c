/* copy_channels: some channels of one buffer in another (src/linocut/ops/copy_channels.py). */
#include "c99.h"

enum { BEGIN, AT, COUNT, FRESH };

static size_t size_of(const lino_operand* one) {
    switch (one->format) {
        case LINO_U8:
        case LINO_I8:
            return 1;
        case LINO_I16:
        case LINO_F16:
            return 2;
        default:
            return 4;
    }
}

void lino_copy_channels(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const lino_size begin = (lino_size)call->attributes[BEGIN], at = (lino_size)call->attributes[AT];
    const lino_size count = (lino_size)call->attributes[COUNT];
    const int fresh = call->attributes[FRESH] != 0.0;
    const size_t size = size_of(x);
    lino_size row, c;
    for (row = 0; row < x->rows; ++row) {
        if (x->format == LINO_BIT) {
            const uint32_t* from = lino_bits(x, row);
            uint32_t* to = lino_bits(y, row);
            if (fresh) memset(to, 0, (size_t)lino_halves(y->cols) * sizeof *to);
            for (c = 0; c < count; ++c) {
                const lino_size place = at + c;
                to[place >> 5] = (to[place >> 5] & ~(1u << (place & 31))) | lino_bit(from, begin + c) << (place & 31);
            }
        } else if (x->format == LINO_I4) {
            if (fresh) {
                for (c = 0; c < y->cols; ++c) lino_store_nibble(y, row * y->cols + c, 0);
            }
            for (c = 0; c < count; ++c)
                lino_store_integer(y, row * y->cols + at + c, lino_load_nibble(x, row * x->cols + begin + c));
        } else {
            uint8_t* to = (uint8_t*)y->data + (size_t)(row * y->cols) * size;
            if (fresh) memset(to, 0, (size_t)y->cols * size);
            memcpy(to + (size_t)at * size, (const uint8_t*)x->data + (size_t)(row * x->cols + begin) * size,
                   (size_t)count * size);
        }
    }
}
