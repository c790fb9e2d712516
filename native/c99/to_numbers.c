/* to_numbers: bytes u as the floats (2u - 255) / 255 (src/linocut/ops/numbers.py). */
#include "c99.h"

void lino_to_numbers(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    lino_size at;
    for (at = 0; at < x->rows * x->cols; ++at) lino_store(y, at, (float)(2 * lino_integer(x, at) - 255) / 255.0f);
}
