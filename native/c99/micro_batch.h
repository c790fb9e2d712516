/* Where a micro-batch stands in its step: src/linocut/ops/micro_batch.py. */
#ifndef LINO_MICRO_BATCH_H
#define LINO_MICRO_BATCH_H

#include "c99.h"

typedef struct lino_micro {
    int32_t place, count; /* number `place` of `count`, from 1 */
} lino_micro;

/* As the buffer has it, which may hold anything: its numbers are made to fit. The whole step where there is none. */
static inline lino_micro lino_micro_batch(const lino_operand* micro) {
    lino_micro found = {1, 1};
    if (micro->data) {
        found.count = (int32_t)lino_clamp_wide(lino_longs(micro)[1], 1, 1 << 20);
        found.place = (int32_t)lino_clamp_wide(lino_longs(micro)[0], 1, found.count);
    }
    return found;
}

static inline int lino_first(lino_micro micro) { return micro.place == 1; }
static inline int lino_last(lino_micro micro) { return micro.place == micro.count; }

#endif
