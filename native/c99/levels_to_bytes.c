/* levels_to_bytes: codes in planes as bytes, 255 over the largest times as large (src/linocut/ops/levels_to_bytes.py).
 */
#include "levels.h"

enum { FIRST, Y = 4 };

void lino_levels_to_bytes(const lino_call* call) {
    const lino_operand *first = call->operands + FIRST, *y = call->operands + Y;
    const int planes = lino_planes(first);
    const int32_t times = 255 / lino_largest_level(planes);
    lino_size row, column;
    for (row = 0; row < y->rows; ++row)
        for (column = 0; column < y->cols; ++column)
            lino_store_integer(y, row * y->cols + column, times * lino_code_in(first, planes, row, column));
}
