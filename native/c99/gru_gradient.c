/* gru_gradient: gated recurrent units backwards (src/linocut/ops/gru.py). A row of `work` has what came to dh from the
   next step, ds, the reset gate and dh. */
#include "gates.h"

enum { DY, Y, GATES, RECURRENT, CANDIDATES, LENGTHS, DA, RESET, WORK };

static void step(const lino_call* call, lino_size b, lino_size t, lino_size row) {
    const lino_operand *all = call->operands, *kept = all + GATES, *y = all + Y, *work = all + WORK;
    const lino_size cells = y->cols, gates = all[DA].cols;
    float *more = (float*)work->data + b * work->cols, *ds = more + cells, *r = ds + cells, *dh = r + cells;
    float* da = (float*)all[DA].data + row * gates;
    lino_size n;
    for (n = 0; n < cells; ++n) {
        const float u = lino_gate(kept, row * gates + cells + n), d = lino_gate(kept, row * gates + 2 * cells + n);
        const float before = t > 0 ? lino_float(y, (row - 1) * cells + n) : 0.0f;
        r[n] = lino_gate(kept, row * gates + n);
        dh[n] = lino_float(all + DY, row * cells + n) + more[n];
        more[n] = dh[n] * u;
        da[cells + n] = dh[n] * (before - d) * u * (1.0f - u);
        da[2 * cells + n] = dh[n] * (1.0f - u) * (1.0f - d * d);
    }
    lino_product(lino_row_of(all + DA, row, 2 * cells, cells), all + CANDIDATES, cells, 0, ds);
    for (n = 0; n < cells; ++n) {
        const float before = t > 0 ? lino_float(y, (row - 1) * cells + n) : 0.0f;
        more[n] += ds[n] * r[n];
        da[n] = ds[n] * before * r[n] * (1.0f - r[n]);
        lino_store(all + RESET, row * cells + n, r[n] * before);
    }
    lino_product(lino_row_of(all + DA, row, 0, 2 * cells), all + RECURRENT, cells, 1, more);
}

void lino_gru_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *work = all + WORK;
    const lino_size steps = lino_steps(all + DA), sequences = lino_sequences(all + DA);
    lino_size b, t;
    memset(work->data, 0, (size_t)(work->rows * work->cols) * sizeof(float));
    for (b = 0; b < sequences; ++b) {
        const lino_size length = lino_length(all + LENGTHS, b, steps);
        for (t = length - 1; t >= 0; --t) step(call, b, t, b * steps + t);
        lino_clear_end(all + DA, b, length);
        lino_clear_end(all + RESET, b, length);
    }
}
