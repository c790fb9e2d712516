/* What every kernel in plain C99 needs: the set "c99", for processors that have neither C++ nor 64-bit registers.

   A kernel is one instruction: a function `lino_NAME` in a file NAME.c, which with the headers of this folder is all
   that it takes; an exported trainer has copies of those that it uses. It reads and writes its operands alone, needs no
   workspace, less than 2 KiB of stack, no library but <string.h> and the rounding functions and roots of <math.h>, and
   is one part: no threads. What an instruction computes, src/linocut/ops has. The bits of floats are right where they
   are IEEE and the compiler fuses no multiplication with an addition (-ffp-contract=off). Shifts of negative integers
   are arithmetic, memory is little-endian. */
#ifndef LINO_C99_H
#define LINO_C99_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__) || !defined(__GNUC__)
#pragma STDC FP_CONTRACT OFF
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef ptrdiff_t lino_size; /* 32 bits on a small device */

/* Codes of number formats, as in src/linocut/formats.py. */
enum {
    LINO_U8 = 1,
    LINO_I8 = 2,
    LINO_I16 = 3,
    LINO_I32 = 4,
    LINO_I64 = 5,
    LINO_F16 = 6,
    LINO_F32 = 7,
    LINO_F64 = 8,
    LINO_BIT = 9,
    LINO_Q15 = 10,
    LINO_Q7 = 11,
    LINO_I4 = 12
};

/* The twin of Operand in native/kernels/kernel.hpp. An absent one has data == NULL. */
typedef struct lino_operand {
    void* data;
    const uint32_t* shape;
    lino_size rows, cols;
    int format;
} lino_operand;

typedef struct lino_call {
    const lino_operand* operands;
    const double* attributes;
} lino_call;

typedef void lino_kernel(const lino_call* call);

/* Of `control`, the optimizer's clock, and of `counters`. */
enum { LINO_RATE, LINO_STEPS, LINO_BETA1_POWER, LINO_BETA2_POWER };
enum { LINO_CORRECT, LINO_EXAMPLES, LINO_FLIPS, LINO_SATURATIONS };

static inline lino_size lino_least(lino_size a, lino_size b) { return b < a ? b : a; }
static inline int32_t lino_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}
static inline int64_t lino_clamp_wide(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static inline double* lino_doubles(const lino_operand* one) { return (double*)one->data; }
static inline int64_t* lino_longs(const lino_operand* one) { return (int64_t*)one->data; }

/* Counts up one of several; past the last there is, what any bytes may hold, it begins again. */
static inline void lino_count(int64_t* counters, int place, int64_t amount) {
    counters[place] = (int64_t)((uint64_t)counters[place] + (uint64_t)amount);
}

/* --- packed bits: words of 64, least significant bit first, here read as halves of 32; those behind the last are 0 */

static inline lino_size lino_halves(lino_size bits) { return (bits + 63) / 64 * 2; }

static inline uint32_t* lino_bits(const lino_operand* one, lino_size row) {
    return (uint32_t*)one->data + row * lino_halves(one->cols);
}

static inline uint32_t lino_bit(const uint32_t* bits, lino_size index) { return bits[index >> 5] >> (index & 31) & 1u; }

static inline int32_t lino_ones(uint32_t word) {
    word = word - (word >> 1 & 0x55555555u);
    word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0Fu;
    return (int32_t)(word * 0x01010101u >> 24);
}

/* --- 16-bit floats, rounded to nearest even --- */

static inline float lino_bits_as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t lino_float_as_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float lino_from_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = half & 0x7FFFu;
    if (rest >= 0x7C00u) return lino_bits_as_float(sign | 0x7F800000u | (rest & 0x3FFu) << 13);
    if (rest >= 0x0400u) return lino_bits_as_float(sign | ((rest << 13) + 0x38000000u));
    return lino_bits_as_float(sign | lino_float_as_bits((float)rest * 5.9604644775390625e-8f)); /* rest 2^-24 */
}

static inline uint16_t lino_to_half(float value) {
    const uint32_t bits = lino_float_as_bits(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) return (uint16_t)(sign | 0x7E00u | (size >> 13 & 0x3FFu));
    if (size >= 0x477FF000u) return (uint16_t)(sign | 0x7C00u); /* rounds past the largest, 65504 */
    if (size >= 0x38800000u) return (uint16_t)(sign | (size - 0x38000000u + 0xFFFu + (size >> 13 & 1u)) >> 13);
    /* Subnormal: adding 1/2 leaves the multiple of 2^-24, rounded to nearest even, in the low bits. */
    return (uint16_t)(sign | (lino_float_as_bits(lino_bits_as_float(size) + 0.5f) - 0x3F000000u));
}

/* --- elements, by their index in the buffer --- */

/* i4: two a byte, the one with the even column in the low nibble; a row begins with a byte of its own, and ends in a
   nibble of 0 where it has an odd number of columns. A nibble is the code of a level, with its sign. */
enum { LINO_MOST_LEVEL = 30 };

static inline int32_t lino_level_of(int32_t code) {
    static const int8_t levels[16] = {0, 1, 2, 4, 7, 12, 19, 30, -30, -30, -19, -12, -7, -4, -2, -1};
    return levels[code];
}

/* The code of the level nearest to a number, given as floor(2 x): of two the larger. */
static inline int32_t lino_code_of(int32_t halves) {
    static const int8_t from[7] = {1, 3, 6, 11, 19, 31, 49};
    const int32_t size = halves < 0 ? ~halves : halves;
    int32_t code = 0;
    while (code < 7 && size >= from[code]) ++code;
    return halves < 0 ? -code : code;
}

static inline lino_size lino_nibble(const lino_operand* one, lino_size index) {
    return one->cols & 1 ? index + index / one->cols : index;
}

static inline int32_t lino_load_nibble(const lino_operand* one, lino_size index) {
    const lino_size at = lino_nibble(one, index);
    return lino_level_of(((const uint8_t*)one->data)[at >> 1] >> (at & 1) * 4 & 15);
}

/* Of a code. Rows are written in order: the nibble behind the last is made 0. */
static inline void lino_store_nibble(const lino_operand* one, lino_size index, int32_t code) {
    const lino_size at = lino_nibble(one, index);
    uint8_t* byte = (uint8_t*)one->data + (at >> 1);
    const int last = (one->cols & 1) && (index + 1) % one->cols == 0;
    if (at & 1)
        *byte = (uint8_t)((*byte & 15) | (code & 15) << 4);
    else
        *byte = (uint8_t)((last ? 0 : *byte & 0xF0) | (code & 15));
}

static inline int32_t lino_integer(const lino_operand* one, lino_size index) {
    switch (one->format) {
        case LINO_U8:
            return ((const uint8_t*)one->data)[index];
        case LINO_I8:
        case LINO_Q7:
            return ((const int8_t*)one->data)[index];
        case LINO_I16:
        case LINO_Q15:
            return ((const int16_t*)one->data)[index];
        case LINO_I4:
            return lino_load_nibble(one, index);
        default:
            return ((const int32_t*)one->data)[index];
    }
}

static inline int lino_is_integer(const lino_operand* one) {
    return one->format != LINO_F16 && one->format != LINO_F32 && one->format != LINO_F64;
}

/* A mantissa of dY, i4 or i8. */
static inline int32_t lino_mantissa_of(const lino_operand* dy, lino_size index) {
    return dy->format == LINO_I8 ? ((const int8_t*)dy->data)[index] : lino_load_nibble(dy, index);
}

/* Integers and floats alike. */
static inline float lino_float(const lino_operand* one, lino_size index) {
    if (one->format == LINO_F32) return ((const float*)one->data)[index];
    if (one->format == LINO_F16) return lino_from_half(((const uint16_t*)one->data)[index]);
    return (float)lino_integer(one, index);
}

/* The same, of 32 bits too. */
static inline double lino_double(const lino_operand* one, lino_size index) {
    if (one->format == LINO_I32) return (double)((const int32_t*)one->data)[index];
    return (double)lino_float(one, index);
}

/* What a full-precision product reads: signs, bytes u as 2u - 255, or floats. */
static inline float lino_input(const lino_operand* x, lino_size row, lino_size column) {
    if (x->format == LINO_BIT) return lino_bit(lino_bits(x, row), column) ? 1.0f : -1.0f;
    if (x->format == LINO_U8) return (float)(2 * lino_integer(x, row * x->cols + column) - 255);
    return lino_float(x, row * x->cols + column);
}

static inline void lino_store(const lino_operand* to, lino_size index, float value) {
    if (to->format == LINO_F32)
        ((float*)to->data)[index] = value;
    else
        ((uint16_t*)to->data)[index] = lino_to_half(value);
}

static inline void lino_store_integer(const lino_operand* to, lino_size index, int32_t value) {
    switch (to->format) {
        case LINO_U8:
            ((uint8_t*)to->data)[index] = (uint8_t)value;
            return;
        case LINO_I8:
        case LINO_Q7:
            ((int8_t*)to->data)[index] = (int8_t)value;
            return;
        case LINO_I16:
        case LINO_Q15:
            ((int16_t*)to->data)[index] = (int16_t)value;
            return;
        case LINO_I4:
            lino_store_nibble(to, index, lino_code_of(2 * value));
            return;
        default:
            ((int32_t*)to->data)[index] = value;
            return;
    }
}

/* An exact sum as the operand has it. */
static inline void lino_store_sum(const lino_operand* to, lino_size index, int32_t sum) {
    if (lino_is_integer(to))
        lino_store_integer(to, index, sum);
    else
        lino_store(to, index, (float)sum);
}

#ifdef __cplusplus
}
#endif

#endif
