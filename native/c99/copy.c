/* copy: bits as they are (src/linocut/ops/copy.py). */
#include "c99.h"

void lino_copy(const lino_call* call) {
    const lino_operand* x = call->operands;
    memcpy(call->operands[1].data, x->data, (size_t)(x->rows * lino_halves(x->cols)) * sizeof(uint32_t));
}
