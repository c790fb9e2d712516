/* lstm: long short-term memory over all steps of sequences (src/linocut/ops/lstm.py). A row of `work` has the cells,
   the last output, the four gates, and m. */
#include "gates.h"

enum { AX, RECURRENT, PEEPHOLES, PROJECTION, LENGTHS, Y, GATES, CELLS, WORK };
enum { INPUT, CANDIDATE, FORGET, OUTPUT, GATES_OF_CELL };

static float seen(const lino_operand* peepholes, lino_size gate, lino_size h, float cell) {
    return peepholes->data ? lino_float(peepholes, gate * peepholes->cols + h) * cell : 0.0f;
}

static void move_cell(const lino_call* call, lino_size h, lino_size cells, float* cell, float* a, float* m) {
    const lino_operand* peepholes = call->operands + PEEPHOLES;
    const float bound = (float)call->attributes[1];
    float *in = a + h, *g = a + cells + h, *f = a + 2 * cells + h, *o = a + 3 * cells + h, c = cell[h];
    *in = lino_sigmoid_of(*in + seen(peepholes, 0, h, c));
    *f = lino_sigmoid_of(*f + 1.0f + seen(peepholes, 1, h, c));
    *g = call->attributes[0] != 0.0 ? lino_sigmoid_of(*g) : lino_hyperbolic(*g);
    c = *f * c + *in * *g;
    if (bound > 0.0f) c = c > bound ? bound : c < -bound ? -bound : c;
    *o = lino_sigmoid_of(*o + seen(peepholes, 2, h, c));
    cell[h] = c;
    m[h] = *o * lino_hyperbolic(c);
}

static void step(const lino_call* call, lino_size b, lino_size row, int first) {
    const lino_operand *all = call->operands, *ax = all + AX, *y = all + Y, *work = all + WORK;
    const lino_size gates = ax->cols, cells = gates / GATES_OF_CELL, outputs = y->cols, begin = b * work->cols;
    float *cell = (float*)work->data + begin, *last = cell + cells, *a = last + outputs, *m = a + gates;
    lino_size n;
    for (n = 0; n < gates; ++n) a[n] = lino_float(ax, row * gates + n);
    if (!first) lino_product(lino_row_of(work, b, cells, outputs), all + RECURRENT, gates, 1, a);
    for (n = 0; n < cells; ++n) move_cell(call, n, cells, cell, a, m);
    for (n = 0; n < gates; ++n) lino_store_gate(all + GATES, row * gates + n, a[n]);
    for (n = 0; n < cells && all[CELLS].data; ++n) lino_store(all + CELLS, row * cells + n, cell[n]);
    if (all[PROJECTION].data)
        lino_product(lino_row_of(work, b, cells + outputs + gates, cells), all + PROJECTION, outputs, 0, last);
    else
        memcpy(last, m, (size_t)cells * sizeof *m);
    for (n = 0; n < outputs; ++n) lino_store(y, row * outputs + n, last[n]);
}

void lino_lstm(const lino_call* call) {
    const lino_operand *all = call->operands, *work = all + WORK;
    const lino_size steps = lino_steps(all + AX), sequences = lino_sequences(all + AX);
    const int backwards = call->attributes[2] != 0.0;
    lino_size b, t;
    memset(work->data, 0, (size_t)(work->rows * work->cols) * sizeof(float));
    for (b = 0; b < sequences; ++b) {
        const lino_size length = lino_length(all + LENGTHS, b, steps);
        for (t = 0; t < length; ++t) step(call, b, b * steps + (backwards ? length - 1 - t : t), t == 0);
        lino_clear_end(all + Y, b, length);
        if (all[GATES].data) lino_clear_end(all + GATES, b, length);
        if (all[CELLS].data) lino_clear_end(all + CELLS, b, length);
    }
}
