/* keep_words: lists of the words of pruned weights of which something is kept (src/linocut/ops/keep_words.py). */
#include "pruned_words.h"

enum { WEIGHTS, PRUNED, ENDS, PLACES, SIGNS, LANES, KEPT };
enum { PARTS, PACKED };

/* What any output keeps. */
static void find_kept(const lino_operand* pruned, const lino_operand* kept) {
    const lino_size outputs = pruned->rows / kept->rows, halves = lino_halves(kept->cols);
    lino_size tap, half, n;
    for (tap = 0; tap < kept->rows; ++tap) {
        uint32_t* to = lino_bits(kept, tap);
        for (half = 0; half < halves; ++half) {
            const lino_size left = kept->cols - 32 * half;
            uint32_t all = 0xFFFFFFFFu;
            for (n = 0; n < outputs; ++n) all &= lino_bits(pruned, n * kept->rows + tap)[half];
            to[half] = left <= 0 ? 0u : ~all & (left >= 32 ? 0xFFFFFFFFu : (1u << left) - 1u);
        }
    }
}

typedef struct {
    const lino_operand* all;
    lino_size at;
} lists;

static void put(lists* to, lino_size place, const uint32_t* signs, const uint32_t* lanes) {
    if (!(lanes[0] | lanes[1])) return;
    ((int32_t*)to->all[PLACES].data)[to->at] = (int32_t)place;
    memcpy(lino_bits(to->all + SIGNS, to->at), signs, 8);
    memcpy(lino_bits(to->all + LANES, to->at), lanes, 8);
    ++to->at;
}

static void put_taps(const lino_call* call, lino_size output, lino_size of_pruned, const lino_tap_words* tap,
                     lists* to) {
    const lino_operand* all = call->operands;
    const lino_size taps = all[KEPT].rows;
    lino_size t, w, i;
    for (t = 0; t < taps; ++t) {
        for (w = 0; w < tap->total; ++w) {
            const lino_size n = lino_lanes_of_word(tap, w);
            uint32_t signs[2], lanes[2];
            lino_take_word(tap, lino_bits(all + WEIGHTS, output * taps + t), w, signs);
            lino_take_word(tap, lino_bits(all + PRUNED, of_pruned * taps + t), w, lanes);
            for (i = 0; i < 2; ++i) {
                const lino_size left = n - 32 * i;
                lanes[i] = left <= 0 ? 0u : ~lanes[i] & (left >= 32 ? 0xFFFFFFFFu : (1u << left) - 1u);
                signs[i] &= lanes[i];
            }
            put(to, t * tap->total + w, signs, lanes);
        }
    }
}

/* What is left of all taps, joined to words. */
static void put_joined(const lino_call* call, lino_size output, lino_size of_pruned, lists* to) {
    const lino_operand* all = call->operands;
    const lino_size taps = all[KEPT].rows, channels = all[KEPT].cols;
    uint32_t signs[2] = {0, 0}, lanes[2] = {0, 0};
    lino_size t, c, place = 0, filled = 0;
    for (t = 0; t < taps; ++t) {
        for (c = 0; c < channels; ++c) {
            uint32_t own;
            if (!lino_bit(lino_bits(all + KEPT, t), c)) continue;
            own = 1u ^ lino_bit(lino_bits(all + PRUNED, of_pruned * taps + t), c);
            lanes[filled >> 5] |= own << (filled & 31);
            signs[filled >> 5] |= (own & lino_bit(lino_bits(all + WEIGHTS, output * taps + t), c)) << (filled & 31);
            if (++filled < 64) continue;
            put(to, place++, signs, lanes);
            memset(signs, 0, sizeof signs);
            memset(lanes, 0, sizeof lanes);
            filled = 0;
        }
    }
    put(to, place, signs, lanes);
}

void lino_keep_words(const lino_call* call) {
    const lino_operand* all = call->operands;
    const lino_size outputs = (lino_size)all[WEIGHTS].shape[0], of_pruned = (lino_size)all[PRUNED].shape[0];
    const lino_tap_words tap = lino_tap_words_of(all[WEIGHTS].cols, call->attributes[PARTS]);
    lists to;
    lino_size n, rest;
    to.all = all;
    to.at = 0;
    find_kept(all + PRUNED, all + KEPT);
    for (n = 0; n < outputs; ++n) {
        if (call->attributes[PACKED] != 0.0)
            put_joined(call, n, n % of_pruned, &to);
        else
            put_taps(call, n, n % of_pruned, &tap, &to);
        ((int32_t*)all[ENDS].data)[n] = (int32_t)to.at;
    }
    rest = all[PLACES].cols - to.at;
    memset((int32_t*)all[PLACES].data + to.at, 0, (size_t)rest * 4);
    memset(lino_bits(all + SIGNS, to.at), 0, (size_t)rest * 8);
    memset(lino_bits(all + LANES, to.at), 0, (size_t)rest * 8);
}
