/* The unit of float gradients (src/linocut/ops/gradient_unit.py). */
#ifndef LINO_GRADIENT_UNIT_H
#define LINO_GRADIENT_UNIT_H

#include "c99.h"

enum { LINO_LARGER = 8 };

static inline int lino_unit_exponent(const lino_operand* unit) {
    return unit->data ? (int)lino_clamp(*(const int32_t*)unit->data, -4096, 4096) + LINO_LARGER : 0;
}

#endif
