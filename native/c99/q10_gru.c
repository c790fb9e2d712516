/* q10_gru: all frames of GRU layers with block-circulant weights, in Q5.10 (src/linocut/ops/q10_gru.py). */
#include "q10_functions.h"
#include "q10_product.h"

enum {
    LINO_G_X,
    LINO_G_LENGTHS,
    LINO_G_INPUTS,
    LINO_G_RECURRENT,
    LINO_G_CANDIDATE,
    LINO_G_BIAS,
    LINO_G_STATES,
    LINO_G_Y,
    LINO_G_HEARD_X,
    LINO_G_HEARD_Y,
    LINO_G_GATES
};
enum { LINO_G_POINT, LINO_G_CANDIDATE_POINT, LINO_G_INVERSE, LINO_G_PAPER, LINO_G_FRESH };

/* One sequence: its state, the spectra of x and of what goes into a product beside it, and its gates. In the place of
   the candidate r h' stands first. */
typedef struct {
    const lino_call* call;
    int16_t *h, *heard_x, *heard_h, *r, *u, *d;
    lino_size n, of_x;
    int k;
} lino_gru;

static void lino_gru_zero(int16_t* numbers, lino_size count) { memset(numbers, 0, (size_t)count * sizeof(int16_t)); }

/* The products of `count` blocks with [x, heard_h], to `to`. */
static void lino_gru_products(const lino_gru* of, const int16_t* inputs, const int16_t* own, lino_size count, int point,
                              int16_t* to) {
    const int all_inverse = of->call->attributes[LINO_G_INVERSE] != 0;
    lino_size block;
    int i;
    for (block = 0; block < count; ++block) {
        lino_q10_sums sums;
        int32_t found[LINO_MOST_BLOCK];
        lino_q10_clear(&sums, of->k);
        lino_q10_add_blocks(&sums, inputs + block * of->of_x, of->heard_x, of->of_x / of->k, of->k);
        lino_q10_add_blocks(&sums, own + block * of->n, of->heard_h, of->n / of->k, of->k);
        lino_q10_finish(&sums, of->k, point, all_inverse, found);
        for (i = 0; i < of->k; ++i) to[block * of->k + i] = (int16_t)found[i];
    }
}

static void lino_gru_frame(const lino_gru* of, const int16_t* x, lino_size features) {
    const lino_operand* all = of->call->operands;
    const double* a = of->call->attributes;
    const int paper = a[LINO_G_PAPER] != 0, all_inverse = a[LINO_G_INVERSE] != 0;
    const int16_t *bias = lino_shorts(all + LINO_G_BIAS), *inputs = lino_shorts(all + LINO_G_INPUTS);
    const int16_t* recurrent = lino_shorts(all + LINO_G_RECURRENT);
    const lino_size n = of->n, blocks = n / of->k;
    lino_size at;
    lino_q10_hear(x, features, of->k, all_inverse, of->heard_x);
    lino_q10_hear(of->h, n, of->k, all_inverse, of->heard_h);
    lino_gru_products(of, inputs, recurrent, blocks, (int)a[LINO_G_POINT], of->r);
    lino_gru_products(of, inputs + blocks * of->of_x, recurrent + blocks * n, blocks, (int)a[LINO_G_POINT], of->u);
    for (at = 0; at < n; ++at) {
        of->r[at] = (int16_t)lino_q10_sigmoid(lino_q10_saturated(of->r[at] + bias[at]), paper);
        of->u[at] = (int16_t)lino_q10_sigmoid(lino_q10_saturated(of->u[at] + bias[n + at]), paper);
        of->d[at] = (int16_t)lino_q10_shift(of->r[at] * of->h[at], 10);
    }
    lino_q10_hear(of->d, n, of->k, all_inverse, of->heard_h);
    lino_gru_products(of, inputs + 2 * blocks * of->of_x, lino_shorts(all + LINO_G_CANDIDATE), blocks,
                      (int)a[LINO_G_CANDIDATE_POINT], of->d);
    for (at = 0; at < n; ++at) {
        const int32_t d = lino_q10_tanh(lino_q10_saturated(of->d[at] + bias[2 * n + at]), paper), u = of->u[at];
        of->d[at] = (int16_t)d;
        of->h[at] = (int16_t)lino_q10_saturated(lino_q10_shift(u * of->h[at] + (1024 - u) * d, 10));
    }
}

static void lino_gru_sequence(const lino_call* call, lino_size b) {
    const lino_operand *all = call->operands, *x = all + LINO_G_X, *inputs = all + LINO_G_INPUTS, *y = all + LINO_G_Y;
    const lino_operand* lengths = all + LINO_G_LENGTHS;
    const lino_size batch = x->shape[0], frames = x->shape[1], n = y->cols;
    const lino_size ends =
        lengths->data == NULL ? frames : (lino_size)lino_clamp(((const int32_t*)lengths->data)[b], 0, (int32_t)frames);
    int16_t* gates = lino_shorts(all + LINO_G_GATES);
    lino_size at;
    lino_gru of;
    of.call = call;
    of.k = (int)inputs->cols;
    of.n = n;
    of.of_x = (lino_size)inputs->shape[2] * of.k;
    of.h = lino_shorts(all + LINO_G_STATES) + b * n;
    of.heard_x = lino_shorts(all + LINO_G_HEARD_X) + b * of.of_x;
    of.heard_h = lino_shorts(all + LINO_G_HEARD_Y) + b * n;
    of.r = gates + b * n;
    of.u = gates + (batch + b) * n;
    of.d = gates + (2 * batch + b) * n;
    lino_gru_zero(of.heard_x, of.of_x);
    lino_gru_zero(of.heard_h, n);
    lino_gru_zero(of.r, n);
    lino_gru_zero(of.u, n);
    lino_gru_zero(of.d, n);
    if (call->attributes[LINO_G_FRESH] != 0) lino_gru_zero(of.h, n);
    for (at = 0; at < ends; ++at) {
        lino_gru_frame(&of, lino_shorts(x) + (b * frames + at) * x->cols, x->cols);
        memcpy(lino_shorts(y) + (b * frames + at) * n, of.h, (size_t)n * sizeof(int16_t));
    }
    for (at = ends; at < frames; ++at) lino_gru_zero(lino_shorts(y) + (b * frames + at) * n, n);
}

void lino_q10_gru(const lino_call* call) {
    const lino_size batch = call->operands[LINO_G_X].shape[0];
    lino_size b;
    for (b = 0; b < batch; ++b) lino_gru_sequence(call, b);
}
