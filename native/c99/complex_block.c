/* complex_block: rows of complex channels [re | im] as [re | -im], then as [im | re]
   (src/linocut/ops/complex_block.py). */
#include "c99.h"

static void put_bit(uint32_t* bits, lino_size at, uint32_t bit) {
    bits[at >> 5] = (bits[at >> 5] & ~(1u << (at & 31))) | bit << (at & 31);
}

static void bits_of_row(const lino_operand* x, const lino_operand* y, lino_size row) {
    const lino_size half = x->cols / 2;
    const uint32_t* from = lino_bits(x, row);
    uint32_t *conjugate = lino_bits(y, row), *turned = lino_bits(y, x->rows + row);
    lino_size c;
    memset(conjugate, 0, (size_t)lino_halves(y->cols) * sizeof *conjugate);
    memset(turned, 0, (size_t)lino_halves(y->cols) * sizeof *turned);
    for (c = 0; c < half; ++c) {
        put_bit(conjugate, c, lino_bit(from, c));
        put_bit(conjugate, half + c, 1u ^ lino_bit(from, half + c));
        put_bit(turned, c, lino_bit(from, half + c));
        put_bit(turned, half + c, lino_bit(from, c));
    }
}

/* Element `from` of x in y, or its negative. */
static void put(const lino_operand* x, lino_size from, const lino_operand* y, lino_size to, int negative) {
    if (x->format == LINO_U8) {
        const uint8_t byte = ((const uint8_t*)x->data)[from];
        ((uint8_t*)y->data)[to] = (uint8_t)(negative ? 255 - byte : byte);
    } else if (x->format == LINO_F16) {
        ((uint16_t*)y->data)[to] = (uint16_t)(((const uint16_t*)x->data)[from] ^ (negative ? 0x8000u : 0u));
    } else {
        const float number = ((const float*)x->data)[from];
        ((float*)y->data)[to] = negative ? -number : number;
    }
}

void lino_complex_block(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const lino_size half = x->cols / 2;
    lino_size row, c;
    for (row = 0; row < x->rows; ++row) {
        const lino_size at = row * x->cols, turned = (x->rows + row) * x->cols;
        if (x->format == LINO_BIT) {
            bits_of_row(x, y, row);
            continue;
        }
        for (c = 0; c < half; ++c) {
            put(x, at + c, y, at + c, 0);
            put(x, at + half + c, y, at + half + c, 1);
            put(x, at + half + c, y, turned + c, 0);
            put(x, at + c, y, turned + half + c, 0);
        }
    }
}
