/* gradient_exponent: the exponent of an integer dX, from how the mantissas of the last step came out
   (src/linocut/ops/gradient_exponent.py). */
#include "gradient_scale.h"

enum { DY_EXPONENT, DX_EXPONENT, SCALE, COUNTERS };
enum { PRODUCTS, ELEMENTS, BITS, DY_BITS };

static int64_t shift_for(int64_t largest, int64_t bits) {
    int64_t length = 0;
    while (length < 63 && largest >> length) ++length;
    return length > bits ? length - bits : 0;
}

/* The exponent that would have suited the last step. */
static int64_t wanted(const int64_t* state, int64_t elements, int64_t bits) {
    const int64_t exponent = lino_last_exponent(state), trend = lino_overflow_trend(state, elements, bits);
    int64_t suited;
    if (trend >= 0 || state[LINO_LARGEST] <= 0) return exponent + (trend > 0 ? trend : 0);
    suited =
        exponent - lino_clamp_wide(state[LINO_SHIFT], -LINO_SOUND, LINO_SOUND) + shift_for(state[LINO_LARGEST], bits);
    return suited < exponent - 1 ? suited : exponent - 1;
}

void lino_gradient_exponent(const lino_call* call) {
    const lino_operand* all = call->operands;
    const double* a = call->attributes;
    int64_t* state = lino_longs(all + SCALE);
    const int64_t dy = *(const int32_t*)all[DY_EXPONENT].data, bits = (int64_t)a[BITS];
    const int64_t worst = shift_for((((int64_t)1 << (int)a[DY_BITS]) - 1) * (int64_t)a[PRODUCTS], bits);
    int64_t shift = worst;
    lino_count(lino_longs(all + COUNTERS), LINO_SATURATIONS, lino_clamp_wide(state[LINO_SATURATED], 0, LINO_SOUND));
    if (state[LINO_KNOWN]) shift = lino_clamp_wide(wanted(state, (int64_t)a[ELEMENTS], bits) - dy, 0, worst);
    lino_begin_step(state, dy + shift, shift);
    lino_store_exponent(all + DX_EXPONENT, all + DY_EXPONENT, (int32_t)shift);
}
