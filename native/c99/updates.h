/* What the optimizers share where weights or moments are floats (src/linocut/ops/updates.py). */
#ifndef LINO_UPDATES_H
#define LINO_UPDATES_H

#include "dithered_half.h"
#include "fixed_point.h"
#include "gradient_words.h"

/* What a micro-batch does to a moment: gradients in bits come with each, each a part of the step's; floats have been
   summed to their mean, which comes with the last. */
typedef struct lino_shares {
    float kept, fresh;
    int due, moves;
} lino_shares;

static inline lino_shares lino_shares_of(const lino_operand* dw, const lino_operand* micro, double decay, double rate) {
    const lino_micro part = lino_micro_batch(micro);
    const int parts = dw->format == LINO_BIT;
    lino_shares shares;
    shares.moves = lino_last(part);
    shares.due = parts || shares.moves;
    shares.kept = (float)(parts && !lino_first(part) ? 1.0 : decay);
    shares.fresh = (float)(parts ? rate / (double)part.count : rate);
    return shares;
}

/* A packed gradient is +-scale. */
static inline float lino_gradient(const lino_operand* dw, lino_size row, lino_size column, float scale) {
    if (dw->format != LINO_BIT) return lino_float(dw, row * dw->cols + column);
    return lino_bit(lino_bits(dw, row), column) ? scale : -scale;
}

/* Latent weights (clip not 0) are clipped; returns whether one changed its sign. */
static inline int lino_store_weight(const lino_operand* w, lino_size row, lino_size column, float moved, float clip,
                                    uint32_t key) {
    const lino_size at = row * w->cols + column;
    const int before = lino_float(w, at) >= 0.0f;
    if (clip == 0.0f) {
        lino_store_dithered(w, row, column, moved, key, 0);
        return 0;
    }
    lino_store_dithered(w, row, column, moved < -clip ? -clip : moved > clip ? clip : moved, key, 0);
    return before != (lino_float(w, at) >= 0.0f);
}

/* Fixed-point weights along all gradients of dw; returns how many signs changed. */
static inline int64_t lino_move_all(const lino_step* step, const lino_operand* w, const lino_operand* m,
                                    const lino_operand* dw) {
    int64_t flips = 0;
    lino_size row, first, c;
    for (row = 0; row < w->rows; ++row) {
        for (first = 0; first < w->cols; first += 64) {
            const lino_size n = lino_least(64, w->cols - first), at = row * w->cols + first;
            const uint32_t word = (uint32_t)(row * ((w->cols + 63) / 64) + first / 64);
            int8_t gradients[64];
            const int8_t* found = gradients;
            if (dw->format == LINO_Q7) {
                found = (const int8_t*)dw->data + at;
            } else {
                const uint32_t* bits = lino_bits(dw, row);
                for (c = 0; c < n; ++c) gradients[c] = (int8_t)(lino_bit(bits, first + c) ? 127 : -127);
            }
            flips += lino_move(step, found, w, m, at, n, word);
        }
    }
    return flips;
}

#endif
