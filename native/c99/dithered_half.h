/* 16-bit floats that keep small steps: rounded up or down at random (src/linocut/ops/dithered_half.py). */
#ifndef LINO_DITHERED_HALF_H
#define LINO_DITHERED_HALF_H

#include "fixed_point.h"

#define LINO_MOMENT_STREAM 0x80000000u

/* `random`: 13 bits, of those that are dropped. */
static inline uint16_t lino_dithered_half(float value, uint32_t random) {
    const uint32_t bits = lino_float_as_bits(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7FFFFFFFu;
    if (size >= 0x477FE000u) return lino_to_half(value); /* 65504 and more */
    if (size >= 0x38800000u) return (uint16_t)(sign | (size - 0x38000000u + random) >> 13);
    return (uint16_t)(sign | (uint32_t)(fabsf(value) * 16777216.0f + (float)random * (1.0f / 8192.0f)));
}

/* `stream` is the number of the matrix's first hash. */
static inline void lino_store_dithered(const lino_operand* to, lino_size row, lino_size column, float value,
                                       uint32_t key, uint32_t stream) {
    const lino_size at = row * to->cols + column;
    if (to->format == LINO_F32)
        ((float*)to->data)[at] = value;
    else
        ((uint16_t*)to->data)[at] = lino_dithered_half(value, lino_dither(to, row, column, key, stream) >> 3);
}

#endif
