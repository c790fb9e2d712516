/* The unit of float gradients (src/linocut/ops/gradient_unit.py). */
#ifndef LINO_GRADIENT_UNIT_H
#define LINO_GRADIENT_UNIT_H

#include "c99.h"

enum { LINO_LARGER = 8, LINO_MOST_EXPONENT = 4096 };

static inline int lino_unit_exponent(const lino_operand* unit) {
    if (!unit->data) return 0;
    return (int)lino_clamp(*(const int32_t*)unit->data, -LINO_MOST_EXPONENT, LINO_MOST_EXPONENT) + LINO_LARGER;
}

#endif
