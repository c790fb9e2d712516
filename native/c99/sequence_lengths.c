/* sequence_lengths: steps up to the last that is not all zeros (src/linocut/ops/sequences.py). */
#include "circulant.h"

static int any(const float* values, lino_size count) {
    lino_size c;
    for (c = 0; c < count; ++c) {
        if (values[c] != 0.0f) return 1;
    }
    return 0;
}

void lino_sequence_lengths(const lino_call* call) {
    const lino_operand* x = call->operands;
    const lino_size steps = lino_steps(x);
    int32_t* lengths = (int32_t*)call->operands[1].data;
    lino_size b;
    for (b = 0; b < lino_sequences(x); ++b) {
        lino_size length = steps;
        while (length > 0 && !any((const float*)x->data + (b * steps + length - 1) * x->cols, x->cols)) --length;
        lengths[b] = (int32_t)length;
    }
}
