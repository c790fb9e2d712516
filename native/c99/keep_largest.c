/* keep_largest: of the sums of a norm's gradients the largest alone (src/linocut/ops/keep_largest.py). */
#include "c99.h"

enum { LARGEST = 2 };

void lino_keep_largest(const lino_call* call) {
    const lino_operand* sums = call->operands;
    lino_size at;
    for (at = 0; at < sums->rows * sums->cols; ++at)
        if (at / sums->cols != LARGEST) lino_doubles(sums)[at] = 0.0;
}
