/* lstm_gradient: long short-term memory backwards (src/linocut/ops/lstm.py). A row of `work` has dc, what came to dy
   from the next step, the sum of that and dy, and dm. */
#include "gates.h"

enum { DY, GATES, CELLS, RECURRENT, PEEPHOLES, PROJECTION, LENGTHS, DA, TOTAL, SUMS, WORK };
enum { SEQUENCES_OF_A_SUM = 16 };

static float peephole(const lino_operand* peepholes, lino_size gate, lino_size h) {
    return peepholes->data ? lino_float(peepholes, gate * peepholes->cols + h) : 0.0f;
}

static void move_back(const lino_call* call, lino_size b, lino_size row, lino_size before, lino_size h, float* dc,
                      float dm) {
    const lino_operand *all = call->operands, *kept = all + GATES, *see = all + PEEPHOLES;
    const lino_size gates = all[DA].cols, cells = gates / 4, at = row * gates + h;
    const float in = lino_gate(kept, at), g = lino_gate(kept, at + cells), f = lino_gate(kept, at + 2 * cells);
    const float o = lino_gate(kept, at + 3 * cells), bound = (float)call->attributes[1];
    const float cell = lino_float(all + CELLS, row * cells + h), squashed = lino_hyperbolic(cell);
    const float last = before < 0 ? 0.0f : lino_float(all + CELLS, before * cells + h);
    const float slope = call->attributes[0] != 0.0 ? g * (1.0f - g) : 1.0f - g * g;
    const float da_o = dm * squashed * o * (1.0f - o);
    float inner = *dc + dm * o * (1.0f - squashed * squashed) + da_o * peephole(see, 2, h), da_f, da_i;
    float* da = (float*)all[DA].data + at;
    if (bound > 0.0f && !(fabsf(cell) < bound)) inner = 0.0f;
    da_f = inner * last * f * (1.0f - f);
    da_i = inner * g * in * (1.0f - in);
    da[0] = da_i;
    da[cells] = inner * in * slope;
    da[2 * cells] = da_f;
    da[3 * cells] = da_o;
    *dc = inner * f + da_f * peephole(see, 1, h) + da_i * peephole(see, 0, h);
    lino_store(all + CELLS, row * cells + h, o * squashed);
    if (all[SUMS].data) {
        float* sums = (float*)all[SUMS].data + b / SEQUENCES_OF_A_SUM * 3 * cells + h;
        sums[0] += da_i * last;
        sums[cells] += da_f * last;
        sums[2 * cells] += da_o * cell;
    }
}

static void step(const lino_call* call, lino_size b, lino_size row, lino_size before) {
    const lino_operand *all = call->operands, *dy = all + DY, *work = all + WORK;
    const lino_size gates = all[DA].cols, cells = gates / 4, outputs = dy->cols;
    float *dc = (float*)work->data + b * work->cols, *more = dc + cells, *total = more + outputs;
    float* dm = total + outputs;
    lino_size n;
    for (n = 0; n < outputs; ++n) {
        total[n] = lino_float(dy, row * outputs + n) + more[n];
        if (all[TOTAL].data) lino_store(all + TOTAL, row * outputs + n, total[n]);
    }
    if (all[PROJECTION].data)
        lino_product(lino_row_of(work, b, cells + outputs, outputs), all + PROJECTION, cells, 0, dm);
    else
        memcpy(dm, total, (size_t)cells * sizeof *dm);
    for (n = 0; n < cells; ++n) move_back(call, b, row, before, n, dc + n, dm[n]);
    if (before >= 0) lino_product(lino_row_of(all + DA, row, 0, gates), all + RECURRENT, outputs, 0, more);
}

void lino_lstm_gradient(const lino_call* call) {
    const lino_operand *all = call->operands, *work = all + WORK, *sums = all + SUMS;
    const lino_size steps = lino_steps(all + DA), sequences = lino_sequences(all + DA);
    const int backwards = call->attributes[2] != 0.0;
    lino_size b, t;
    memset(work->data, 0, (size_t)(work->rows * work->cols) * sizeof(float));
    if (sums->data) memset(sums->data, 0, (size_t)(sums->rows * sums->cols) * sizeof(float));
    for (b = 0; b < sequences; ++b) {
        const lino_size length = lino_length(all + LENGTHS, b, steps);
        for (t = length - 1; t >= 0; --t) {
            const lino_size row = b * steps + (backwards ? length - 1 - t : t);
            step(call, b, row, t == 0 ? -1 : backwards ? row + 1 : row - 1);
        }
        if (all[TOTAL].data) lino_clear_end(all + TOTAL, b, length);
        lino_clear_end(all + DA, b, length);
        lino_clear_end(all + CELLS, b, length);
    }
}
