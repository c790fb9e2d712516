/* ctc: the loss of labels of a sequence, and its gradient, in logarithms (src/linocut/ops/ctc.py). */
#include "circulant.h"
#include "elementary.h"

enum { LOGITS, LENGTHS, TARGETS, GRADIENT, LOSS, COUNTERS, WORK };

static const double never = -1e30;

/* One sequence, its numbers kept in `work`. */
typedef struct {
    const lino_operand* logits;
    double *work, *z;
    lino_size first_row, steps, classes, places, width, beside;
} sequence;

static double together(double a, double b) {
    const double high = a < b ? b : a, low = a < b ? a : b;
    return high + lino_log(1.0 + lino_exp(low - high));
}

static double logit(const sequence* of, lino_size t, lino_size c) {
    return (double)lino_float(of->logits, (of->first_row + t) * of->classes + c);
}
static double* alpha(const sequence* of, lino_size t) { return of->work + t * of->width; }
static double* beta(const sequence* of, lino_size t) { return alpha(of, of->beside + 1 + t % 2); }
static double probability(const sequence* of, lino_size t, double c) {
    return logit(of, t, (lino_size)c) - alpha(of, t)[of->width - 1];
}
static int skips(const sequence* of, lino_size s) { return s >= 3 && s % 2 == 1 && of->z[s] != of->z[s - 2]; }

static double logarithm_of_sum(const sequence* of, lino_size t) {
    double largest = logit(of, t, 0), total = 0.0;
    lino_size c;
    for (c = 1; c < of->classes; ++c) {
        const double here = logit(of, t, c);
        if (largest < here) largest = here;
    }
    for (c = 0; c < of->classes; ++c) total += lino_exp(logit(of, t, c) - largest);
    return lino_log(total) + largest;
}

static sequence sequence_of(const lino_call* call, lino_size b, lino_size length) {
    const lino_operand *all = call->operands, *targets = all + TARGETS;
    const float* labels = (const float*)targets->data + b * targets->cols;
    const double blank = (double)(all[LOGITS].cols - 1);
    sequence of;
    lino_size n, t;
    of.logits = all + LOGITS;
    of.beside = lino_steps(all + LOGITS);
    of.first_row = b * of.beside;
    of.steps = length;
    of.classes = all[LOGITS].cols;
    of.width = all[WORK].cols;
    of.work = lino_doubles(all + WORK);
    of.z = alpha(&of, of.beside);
    of.places = 1;
    of.z[0] = blank;
    for (n = 0; n < targets->cols; ++n) {
        const double label = (double)labels[n];
        if (!(label >= 0.0 && label < blank)) break;
        of.z[of.places] = floor(label);
        of.z[of.places + 1] = blank;
        of.places += 2;
    }
    for (t = 0; t < length; ++t) alpha(&of, t)[of.width - 1] = logarithm_of_sum(&of, t);
    return of;
}

static double loss_of(const sequence* of) {
    lino_size s, t;
    double found;
    if (of->steps == 0) return of->places == 1 ? 0.0 : HUGE_VAL;
    for (s = 0; s < of->places; ++s) alpha(of, 0)[s] = s < 2 ? probability(of, 0, of->z[s]) : never;
    for (t = 1; t < of->steps; ++t) {
        const double* before = alpha(of, t - 1);
        for (s = 0; s < of->places; ++s) {
            const double one = together(before[s], s > 0 ? before[s - 1] : never);
            alpha(of, t)[s] = together(one, skips(of, s) ? before[s - 2] : never) + probability(of, t, of->z[s]);
        }
    }
    found = alpha(of, of->steps - 1)[of->places - 1];
    if (of->places > 1) found = together(found, alpha(of, of->steps - 1)[of->places - 2]);
    return found < never / 2 ? HUGE_VAL : -found;
}

static void find_beta(const sequence* of, lino_size t) {
    double* now = beta(of, t);
    const double* next = beta(of, t + 1);
    lino_size s;
    for (s = 0; s < of->places; ++s) {
        if (t == of->steps - 1) {
            now[s] = s >= of->places - 2 ? probability(of, t, of->z[s]) : never;
        } else {
            const double one = together(next[s], s + 1 < of->places ? next[s + 1] : never);
            const double two = s + 2 < of->places && skips(of, s + 2) ? next[s + 2] : never;
            now[s] = together(one, two) + probability(of, t, of->z[s]);
        }
    }
}

static void store_slopes(const sequence* of, const lino_operand* gradient, double loss, double all) {
    lino_size t, c, s;
    for (t = of->steps - 1; t >= 0; --t) {
        find_beta(of, t);
        for (c = 0; c < of->classes; ++c) {
            const double share = lino_exp(probability(of, t, (double)c));
            double occupied = 0.0;
            for (s = 0; s < of->places; ++s) {
                double paths;
                if (of->z[s] != (double)c) continue;
                paths = alpha(of, t)[s] + beta(of, t)[s] - probability(of, t, (double)c) + loss;
                occupied += lino_exp(paths < 0.0 ? paths : 0.0);
            }
            lino_store(gradient, (of->first_row + t) * of->classes + c, (float)((share - occupied) / all));
        }
    }
}

void lino_ctc(const lino_call* call) {
    const lino_operand *all = call->operands, *logits = all + LOGITS, *gradient = all + GRADIENT;
    const lino_size batch = lino_sequences(logits), steps = lino_steps(logits);
    lino_size b, n;
    for (n = 0; n < logits->rows * logits->cols && gradient->data; ++n) lino_store(gradient, n, 0.0f);
    for (b = 0; b < batch; ++b) {
        const float first = ((const float*)all[TARGETS].data)[b * all[TARGETS].cols];
        sequence of;
        double loss;
        if (!(first == first)) continue;
        lino_count(lino_longs(all + COUNTERS), LINO_EXAMPLES, 1);
        of = sequence_of(call, b, lino_length(all + LENGTHS, b, steps));
        loss = loss_of(&of);
        *lino_doubles(all + LOSS) += loss;
        if (gradient->data && loss < HUGE_VAL) store_slopes(&of, gradient, loss, (double)batch);
    }
}
