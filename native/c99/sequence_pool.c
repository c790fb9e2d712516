/* sequence_pool: the mean of a sequence's steps, or the last of them (src/linocut/ops/sequences.py). */
#include "circulant.h"

void lino_sequence_pool(const lino_call* call) {
    const lino_operand *x = call->operands, *lengths = x + 1, *y = x + 2;
    const lino_size steps = lino_steps(x);
    const int last = call->attributes[0] != 0.0;
    lino_size b, c, t;
    for (b = 0; b < y->rows; ++b) {
        const lino_size length = lino_length(lengths, b, steps);
        for (c = 0; c < y->cols; ++c) {
            float sum = 0.0f;
            for (t = last && length > 0 ? length - 1 : 0; t < length; ++t) {
                const float value = lino_float(x, (b * steps + t) * x->cols + c);
                sum = last ? value : sum + value;
            }
            lino_store(y, b * y->cols + c, last ? sum : sum / (float)(length > 1 ? length : 1));
        }
    }
}
