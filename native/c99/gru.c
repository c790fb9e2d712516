/* gru: gated recurrent units over all steps of sequences (src/linocut/ops/gru.py). A row of `work` has the state, r h',
   the sums of the two gates; the candidate takes the place of r. */
#include "gates.h"

enum { AX, RECURRENT, CANDIDATES, LENGTHS, Y, GATES, WORK };

static void step(const lino_call* call, lino_size b, lino_size row, int first) {
    const lino_operand *all = call->operands, *ax = all + AX, *y = all + Y, *work = all + WORK;
    const lino_size cells = y->cols, gates = ax->cols;
    float *h = (float*)work->data + b * work->cols, *gated = h + cells, *r = gated + cells, *u = r + cells;
    lino_size n;
    for (n = 0; n < 2 * cells; ++n) r[n] = lino_float(ax, row * gates + n);
    if (!first) lino_product(lino_row_of(work, b, 0, cells), all + RECURRENT, 2 * cells, 1, r);
    for (n = 0; n < 2 * cells; ++n) {
        r[n] = lino_sigmoid_of(r[n]);
        lino_store_gate(all + GATES, row * gates + n, r[n]);
    }
    for (n = 0; n < cells; ++n) gated[n] = r[n] * h[n];
    for (n = 0; n < cells; ++n) r[n] = lino_float(ax, row * gates + 2 * cells + n);
    if (!first) lino_product(lino_row_of(work, b, cells, cells), all + CANDIDATES, cells, 1, r);
    for (n = 0; n < cells; ++n) {
        const float d = lino_hyperbolic(r[n]);
        lino_store_gate(all + GATES, row * gates + 2 * cells + n, d);
        h[n] = u[n] * h[n] + (1.0f - u[n]) * d;
        lino_store(y, row * cells + n, h[n]);
    }
}

void lino_gru(const lino_call* call) {
    const lino_operand *all = call->operands, *work = all + WORK;
    const lino_size steps = lino_steps(all + AX), sequences = lino_sequences(all + AX);
    lino_size b, t;
    memset(work->data, 0, (size_t)(work->rows * work->cols) * sizeof(float));
    for (b = 0; b < sequences; ++b) {
        const lino_size length = lino_length(all + LENGTHS, b, steps);
        for (t = 0; t < length; ++t) step(call, b, b * steps + t, t == 0);
        lino_clear_end(all + Y, b, length);
        if (all[GATES].data) lino_clear_end(all + GATES, b, length);
    }
}
