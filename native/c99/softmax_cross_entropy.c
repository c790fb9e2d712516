/* softmax_cross_entropy: the loss, right answers and the gradient of the mean loss; an example aims at its label alone,
   or by weights of classes and smoothing at others too (src/linocut/ops/softmax_cross_entropy.py). */
#include "losses.h"

enum { LOGITS, LABELS, GRADIENT, EXPONENT, LOSS, COUNTERS, WEIGHTS };

/* What the logits of a row say; label is -1 where the row is not an example. `own` is what the example aims at its
   label alone with, `whole` at all classes together. */
typedef struct {
    double largest, total, own, whole;
    lino_size row, best, label;
} row_sums;

static double logit(const lino_call* call, lino_size row, lino_size c) {
    const lino_operand* logits = call->operands + LOGITS;
    return (double)lino_float(logits, row * logits->cols + c);
}

static int is_plain(const lino_call* call) { return !call->operands[WEIGHTS].data && call->attributes[0] == 0.0; }

static double weight(const lino_call* call, lino_size c) {
    const float* weights = (const float*)call->operands[WEIGHTS].data;
    return weights ? (double)weights[c] : 1.0;
}

/* What every example aims at class c with. */
static double spread(const lino_call* call, lino_size c) {
    return call->attributes[0] / (double)call->operands[LOGITS].cols * weight(call, c);
}

static double spread_over_all(const lino_call* call) {
    double sum = 0.0;
    lino_size c;
    for (c = 0; c < call->operands[LOGITS].cols; ++c) sum += spread(call, c);
    return sum;
}

static row_sums sums_of(const lino_call* call, lino_size row, double all_spread) {
    const lino_size classes = call->operands[LOGITS].cols;
    const int32_t label = ((const int32_t*)call->operands[LABELS].data)[row];
    row_sums of;
    lino_size c;
    of.row = row;
    of.best = 0;
    of.label = label >= 0 && label < classes ? (lino_size)label : -1;
    of.largest = logit(call, row, 0);
    of.total = 0.0;
    for (c = 1; c < classes; ++c) {
        const double here = logit(call, row, c);
        if (!(here > of.largest)) continue;
        of.largest = here;
        of.best = c;
    }
    for (c = 0; c < classes; ++c) of.total += lino_exp(logit(call, row, c) - of.largest);
    of.own = of.label < 0 ? 0.0 : (1.0 - call->attributes[0]) * weight(call, of.label);
    of.whole = of.own + all_spread;
    return of;
}

/* d loss / d logit of class c. */
static double slope(const lino_call* call, const row_sums* of, lino_size c) {
    const double rows = (double)call->operands[LOGITS].rows;
    const double share = lino_exp(logit(call, of->row, c) - of->largest) / of->total;
    double aim;
    if (of->label < 0) return 0.0;
    if (is_plain(call)) return (share - (c == of->label ? 1.0 : 0.0)) / rows;
    aim = c == of->label ? spread(call, c) + of->own : spread(call, c);
    return (of->whole * share - aim) / rows;
}

static double loss(const lino_call* call, const row_sums* of) {
    const double all = lino_log(of->total);
    double over_all = 0.0;
    lino_size c;
    if (is_plain(call)) return all - (logit(call, of->row, of->label) - of->largest);
    for (c = 0; c < call->operands[LOGITS].cols; ++c)
        over_all += spread(call, c) * (all - (logit(call, of->row, c) - of->largest));
    return of->own * (all - (logit(call, of->row, of->label) - of->largest)) + over_all;
}

/* Plain slopes of a row sum to 0 and only the label's is negative: it is the largest in size. */
static double largest_slope(const lino_call* call, const row_sums* of) {
    double largest = 0.0;
    lino_size c;
    if (of->label < 0) return 0.0;
    if (is_plain(call)) return fabs(slope(call, of, of->label));
    for (c = 0; c < call->operands[LOGITS].cols; ++c) {
        const double size = fabs(slope(call, of, c));
        if (size > largest) largest = size;
    }
    return largest;
}

void lino_softmax_cross_entropy(const lino_call* call) {
    const lino_operand *all = call->operands, *gradient = all + GRADIENT;
    const lino_size rows = all[LOGITS].rows, classes = all[LOGITS].cols;
    const double all_spread = is_plain(call) ? 0.0 : spread_over_all(call);
    int64_t* counters = lino_longs(all + COUNTERS);
    double largest = 0.0;
    lino_unit unit;
    lino_size row, c;
    for (row = 0; row < rows && all[EXPONENT].data; ++row) {
        const row_sums of = sums_of(call, row, all_spread);
        const double size = largest_slope(call, &of);
        if (size > largest) largest = size;
    }
    unit = lino_unit_of(all + EXPONENT, largest);
    for (row = 0; row < rows; ++row) {
        const row_sums of = sums_of(call, row, all_spread);
        if (of.label >= 0) {
            *lino_doubles(all + LOSS) += loss(call, &of);
            lino_count(counters, LINO_EXAMPLES, 1);
            lino_count(counters, LINO_CORRECT, of.best == of.label);
        }
        for (c = 0; c < classes && gradient->data; ++c)
            lino_store_slope(gradient, row * classes + c, slope(call, &of, c), unit);
    }
}
