/* q10_lstm: all frames of LSTM layers with block-circulant weights, in Q5.10 (src/linocut/ops/q10_lstm.py). */
#include "q10_functions.h"
#include "q10_product.h"

enum {
    LINO_X,
    LINO_LENGTHS,
    LINO_INPUTS,
    LINO_RECURRENT,
    LINO_BIAS,
    LINO_PEEPHOLES,
    LINO_PROJECTION,
    LINO_OUTPUTS,
    LINO_CELLS,
    LINO_Y,
    LINO_HEARD_X,
    LINO_HEARD_Y,
    LINO_GATES,
    LINO_HEARD_M
};
enum {
    LINO_POINT,
    LINO_PROJECTION_POINT,
    LINO_INVERSE,
    LINO_PROJECTION_INVERSE,
    LINO_PAPER,
    LINO_SIGMOID,
    LINO_BACKWARDS,
    LINO_FRESH,
    LINO_BOUND
};

static int16_t* lino_of(const lino_call* call, int operand, lino_size b, lino_size numbers) {
    return lino_shorts(call->operands + operand) + b * numbers;
}

static void lino_zero(int16_t* numbers, lino_size count) { memset(numbers, 0, (size_t)count * sizeof(int16_t)); }

/* Products to the gates of sequence b. */
static void lino_gate_products(const lino_call* call, lino_size b, const int16_t* heard_x, const int16_t* heard_y) {
    const lino_operand *inputs = call->operands + LINO_INPUTS, *recurrent = call->operands + LINO_RECURRENT;
    const int k = (int)inputs->cols;
    const lino_size blocks = inputs->shape[1], of_x = inputs->shape[2], of_y = recurrent->shape[2];
    const lino_size batch = call->operands[LINO_X].shape[0], n = blocks * k;
    lino_size block;
    int i;
    for (block = 0; block < 4 * blocks; ++block) {
        lino_q10_sums sums;
        int32_t found[LINO_MOST_BLOCK];
        int16_t* to = lino_of(call, LINO_GATES, block / blocks * batch + b, n) + block % blocks * k;
        lino_q10_clear(&sums, k);
        lino_q10_add_blocks(&sums, lino_shorts(inputs) + block * of_x * k, heard_x, of_x, k);
        lino_q10_add_blocks(&sums, lino_shorts(recurrent) + block * of_y * k, heard_y, of_y, k);
        lino_q10_finish(&sums, k, (int)call->attributes[LINO_POINT], call->attributes[LINO_INVERSE] != 0, found);
        for (i = 0; i < k; ++i) to[i] = (int16_t)found[i];
    }
}

/* What a gate gives: its function of a product, the bias and the peephole's cell. */
static int32_t lino_gated(const lino_call* call, int32_t sum, lino_size at, int32_t cell, int paper) {
    const lino_operand* holes = call->operands + LINO_PEEPHOLES;
    if (holes->data != NULL) sum += lino_q10_shift(lino_shorts(holes)[at] * cell, 10);
    return lino_q10_sigmoid(lino_q10_saturated(sum), paper);
}

/* Products become gates, cells and m, which takes the place of o. */
static void lino_pass_cells(const lino_call* call, lino_size b, int16_t* cells, lino_size n) {
    const lino_size batch = call->operands[LINO_X].shape[0];
    const int paper = call->attributes[LINO_PAPER] != 0, by_sigmoid = call->attributes[LINO_SIGMOID] != 0;
    const int16_t* bias = lino_shorts(call->operands + LINO_BIAS);
    int16_t *gi = lino_of(call, LINO_GATES, b, n), *gg = lino_of(call, LINO_GATES, batch + b, n);
    int16_t *gf = lino_of(call, LINO_GATES, 2 * batch + b, n), *go = lino_of(call, LINO_GATES, 3 * batch + b, n);
    const int32_t bound = (int32_t)call->attributes[LINO_BOUND];
    const int32_t low = bound > 0 ? -bound : -32768, high = bound > 0 ? bound : 32767;
    lino_size at;
    for (at = 0; at < n; ++at) {
        const int32_t i = lino_gated(call, gi[at] + bias[at], at, cells[at], paper);
        const int32_t f = lino_gated(call, gf[at] + bias[2 * n + at], n + at, cells[at], paper);
        const int32_t a = lino_q10_saturated(gg[at] + bias[n + at]);
        const int32_t g = by_sigmoid ? lino_q10_sigmoid(a, paper) : lino_q10_tanh(a, paper);
        const int32_t cell = lino_clamp(lino_q10_shift(f * cells[at] + i * g, 10), low, high);
        const int32_t o = lino_gated(call, go[at] + bias[3 * n + at], 2 * n + at, cell, paper);
        gi[at] = (int16_t)i;
        gg[at] = (int16_t)g;
        gf[at] = (int16_t)f;
        go[at] = (int16_t)lino_q10_shift(o * lino_q10_tanh(cell, paper), 10);
        cells[at] = (int16_t)cell;
    }
}

static void lino_project(const lino_call* call, lino_size b, const int16_t* m, int16_t* outputs, lino_size n) {
    const lino_operand* projection = call->operands + LINO_PROJECTION;
    const int k = (int)projection->cols, all_inverse = call->attributes[LINO_PROJECTION_INVERSE] != 0;
    int16_t* heard = lino_of(call, LINO_HEARD_M, b, n);
    lino_size block;
    int i;
    lino_q10_hear(m, n, k, all_inverse, heard);
    for (block = 0; block < (lino_size)projection->shape[0]; ++block) {
        lino_q10_sums sums;
        int32_t found[LINO_MOST_BLOCK];
        lino_q10_clear(&sums, k);
        lino_q10_add_blocks(&sums, lino_shorts(projection) + block * n, heard, n / k, k);
        lino_q10_finish(&sums, k, (int)call->attributes[LINO_PROJECTION_POINT], all_inverse, found);
        for (i = 0; i < k; ++i) outputs[block * k + i] = (int16_t)found[i];
    }
}

static void lino_clear_sequence(const lino_call* call, lino_size b, lino_size of_x, lino_size of_y, lino_size n) {
    const lino_size batch = call->operands[LINO_X].shape[0];
    int gate;
    for (gate = 0; gate < 4; ++gate) lino_zero(lino_of(call, LINO_GATES, gate * batch + b, n), n);
    lino_zero(lino_of(call, LINO_HEARD_X, b, of_x), of_x);
    lino_zero(lino_of(call, LINO_HEARD_Y, b, of_y), of_y);
    if (call->operands[LINO_HEARD_M].data != NULL) lino_zero(lino_of(call, LINO_HEARD_M, b, n), n);
}

static void lino_run_sequence(const lino_call* call, lino_size b) {
    const lino_operand *x = call->operands + LINO_X, *y = call->operands + LINO_Y;
    const lino_operand *inputs = call->operands + LINO_INPUTS, *lengths = call->operands + LINO_LENGTHS;
    const int k = (int)inputs->cols, all_inverse = call->attributes[LINO_INVERSE] != 0;
    const lino_size batch = x->shape[0], frames = x->shape[1], n = call->operands[LINO_CELLS].cols, width = y->cols;
    const lino_size of_x = (lino_size)inputs->shape[2] * k, bytes = width * (lino_size)sizeof(int16_t);
    const lino_size ends =
        lengths->data == NULL ? frames : (lino_size)lino_clamp(((const int32_t*)lengths->data)[b], 0, (int32_t)frames);
    int16_t *outputs = lino_of(call, LINO_OUTPUTS, b, width), *cells = lino_of(call, LINO_CELLS, b, n);
    int16_t *heard_x = lino_of(call, LINO_HEARD_X, b, of_x), *heard_y = lino_of(call, LINO_HEARD_Y, b, width);
    const int16_t* m = lino_of(call, LINO_GATES, 3 * batch + b, n);
    lino_size step;
    lino_clear_sequence(call, b, of_x, width, n);
    if (call->attributes[LINO_FRESH] != 0) {
        lino_zero(outputs, width);
        lino_zero(cells, n);
    }
    for (step = 0; step < ends; ++step) {
        const lino_size at = call->attributes[LINO_BACKWARDS] != 0 ? ends - 1 - step : step;
        lino_q10_hear(lino_shorts(x) + (b * frames + at) * x->cols, x->cols, k, all_inverse, heard_x);
        lino_q10_hear(outputs, width, k, all_inverse, heard_y);
        lino_gate_products(call, b, heard_x, heard_y);
        lino_pass_cells(call, b, cells, n);
        if (call->operands[LINO_PROJECTION].data != NULL)
            lino_project(call, b, m, outputs, n);
        else
            memcpy(outputs, m, (size_t)bytes);
        memcpy(lino_shorts(y) + (b * frames + at) * width, outputs, (size_t)bytes);
    }
    for (step = ends; step < frames; ++step) lino_zero(lino_shorts(y) + (b * frames + step) * width, width);
}

void lino_q10_lstm(const lino_call* call) {
    const lino_size batch = call->operands[LINO_X].shape[0];
    lino_size b;
    for (b = 0; b < batch; ++b) lino_run_sequence(call, b);
}
