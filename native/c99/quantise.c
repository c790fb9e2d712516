/* quantise: numbers as levels of 2 or 4 bits in planes, and the mask |x| <= 1 (src/linocut/ops/quantise.py). */
#include "levels.h"

enum { X, LEAST, FIRST, MASK = 6 };

static int32_t whole_boundary(int planes, int32_t code, double one) {
    const double bound = lino_boundary(planes, code, one);
    return (int32_t)(lino_includes(code) ? ceil(bound) : floor(bound) + 1.0);
}

/* How many boundaries are at most x. */
static int32_t code_of(const lino_call* call, int planes, lino_size at, lino_size channel) {
    const lino_operand *x = call->operands + X, *least = call->operands + LEAST;
    const int integers = lino_is_integer(x);
    const int32_t count = lino_largest_level(planes);
    const double span = call->attributes[0], one = (x->format == LINO_Q15 ? 32767.0 : 127.0) * span;
    const int32_t whole = integers ? lino_integer(x, at) : 0;
    const float number = integers ? 0.0f : lino_float(x, at);
    int32_t code = 0, bound;
    for (bound = 0; bound < count; ++bound) {
        if (least->data)
            code += whole >= ((const int32_t*)least->data)[bound * least->cols + channel];
        else
            code += integers ? whole >= whole_boundary(planes, bound, one)
                             : number >= lino_float_boundary(planes, bound, span);
    }
    return code;
}

void lino_quantise(const lino_call* call) {
    const lino_operand *all = call->operands, *x = all + X;
    const int planes = lino_planes(all + FIRST);
    lino_size row, half, c;
    int plane;
    for (row = 0; row < x->rows; ++row) {
        for (half = 0; half < lino_halves(x->cols); ++half) {
            const lino_size n = lino_least(32, x->cols - 32 * half), at = row * x->cols + 32 * half;
            uint32_t words[LINO_MOST_PLANES] = {0}, passes = 0;
            for (c = 0; c < n; ++c) {
                const int32_t code = code_of(call, planes, at + c, 32 * half + c);
                for (plane = 0; plane < planes; ++plane)
                    words[plane] |= (uint32_t)(code >> (planes - 1 - plane) & 1) << c;
                if (all[MASK].data) passes |= (uint32_t)(fabsf(lino_float(x, at + c)) <= 1.0f) << c;
            }
            for (plane = 0; plane < planes; ++plane) lino_bits(all + FIRST + plane, row)[half] = words[plane];
            if (all[MASK].data) lino_bits(all + MASK, row)[half] = passes;
        }
    }
}
