/* decay_weights: w <- w (1 - lr rate), in fixed point by dithered rounding that changes no sign
   (src/linocut/ops/decay_weights.py). */
#include "dithered_half.h"

enum { W, CONTROL, RANDOM, MICRO };
enum { RATE, SALT };
enum { FRACTION = 31, FINER = FRACTION - LINO_STEP_FRACTION };

#define STREAM 0xC0000000u /* no dither is that of an update, or of its moment */

static void floats(const lino_call* call, float kept) {
    const lino_operand* w = call->operands + W;
    const uint32_t key = lino_step_key(lino_random_state(call->operands + RANDOM), call->attributes[SALT]);
    lino_size row, column;
    for (row = 0; row < w->rows; ++row) {
        for (column = 0; column < w->cols; ++column) {
            const float value = lino_float(w, row * w->cols + column) * kept;
            lino_store_dithered(w, row, column, value, key, STREAM);
        }
    }
}

static void fixed(const lino_call* call, double share) {
    const lino_operand* w = call->operands + W;
    const uint64_t state = lino_random_state(call->operands + RANDOM);
    const int wide = w->format == LINO_Q15;
    const uint32_t key = lino_step_key(wide ? state : 0, call->attributes[SALT]);
    const uint32_t turn = wide ? 0 : (uint32_t)(state >> LINO_TURN_SHIFT);
    const uint32_t factor = (uint32_t)lino_half_up(share * 2147483648.0);
    lino_size row, column;
    for (row = 0; row < w->rows; ++row) {
        const uint32_t pairs = (uint32_t)(row * ((w->cols + 63) / 64) * 32);
        uint32_t dithers = 0;
        for (column = 0; column < w->cols; ++column) {
            const int32_t old = lino_integer(w, row * w->cols + column), size = old < 0 ? -old : old;
            uint32_t dither;
            int32_t left;
            dithers = column & 1 ? dithers >> 16 : lino_random_bits(pairs + (uint32_t)(column >> 1) + STREAM, key);
            dither = (((dithers + turn) & 0xFFFFu) << FINER) + (1u << FINER >> 1);
            left = size - (int32_t)(((uint64_t)(uint32_t)size * factor + dither) >> FRACTION);
            if (old < 0) left = left > 1 ? -left : -1;
            lino_store_integer(w, row * w->cols + column, left);
        }
    }
}

void lino_decay_weights(const lino_call* call) {
    const lino_operand* w = call->operands + W;
    const double product = lino_doubles(call->operands + CONTROL)[LINO_RATE] * call->attributes[RATE];
    const double share = product > 0.0 ? product < 1.0 ? product : 1.0 : 0.0;
    if (!lino_last(lino_micro_batch(call->operands + MICRO))) return;
    if (lino_is_fixed(w))
        fixed(call, share);
    else
        floats(call, (float)(1.0 - share));
}
