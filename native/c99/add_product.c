/* add_product: y <- y + times part (src/linocut/ops/add_product.py). */
#include "c99.h"

void lino_add_product(const lino_call* call) {
    const lino_operand *y = call->operands, *part = call->operands + 1;
    const int integers = lino_is_integer(y);
    const uint32_t times = (uint32_t)call->attributes[0];
    lino_size at;
    for (at = 0; at < y->rows * y->cols; ++at) {
        if (integers)
            lino_store_integer(y, at,
                               (int32_t)((uint32_t)lino_integer(y, at) + times * (uint32_t)lino_integer(part, at)));
        else
            lino_store(y, at, lino_float(y, at) + (float)call->attributes[0] * lino_float(part, at));
    }
}
