// keep_words: lists of the words of pruned weights of which something is kept (src/linocut/ops/keep_words.py).
// One part: an output's list begins where that before it ends.
#pragma once

#include "pruned_words.hpp"

namespace linocut::LINOCUT_NS::keep_words {

enum { WEIGHTS, PRUNED, ENDS, PLACES, SIGNS, LANES, KEPT };
enum { PARTS, PACKED };

inline i64 units(const Call&) { return 1; }

// What any output keeps.
inline void find_kept(const Operand& pruned, const Operand& to) {
    const i64 taps = to.rows, outputs = pruned.rows / taps, depth = words(to.cols);
    for (i64 tap = 0; tap < taps; ++tap) {
        u64* found = bit_row(to, tap);
        for (i64 w = 0; w < depth; ++w) {
            u64 all = ~u64{0};
            for (i64 n = 0; n < outputs; ++n) all &= bit_row(pruned, n * taps + tap)[w];
            found[w] = ~all & copy_channels::bits_within(w * segment, 0, to.cols);
        }
    }
}

struct Lists {
    const Call& call;
    i64 at = 0;

    void put(i64 place, u64 signs, u64 lanes) {
        if (lanes == 0) return;
        row<i32>(call.operands[PLACES], 0)[at] = static_cast<i32>(place);
        *bit_row(call.operands[SIGNS], at) = signs;
        *bit_row(call.operands[LANES], at) = lanes;
        ++at;
    }

    void clear_rest() const {
        const std::size_t rest = static_cast<std::size_t>(call.operands[PLACES].cols - at);
        std::memset(row<i32>(call.operands[PLACES], 0) + at, 0, rest * sizeof(i32));
        std::memset(bit_row(call.operands[SIGNS], at), 0, rest * sizeof(u64));
        std::memset(bit_row(call.operands[LANES], at), 0, rest * sizeof(u64));
    }
};

inline void put_taps(const Call& call, i64 output, i64 of_pruned, const TapWords& tap, Lists& lists) {
    const Operand &weights = call.operands[WEIGHTS], &pruned = call.operands[PRUNED];
    const i64 taps = call.operands[KEPT].rows;
    for (i64 t = 0; t < taps; ++t) {
        const u64 *signs = bit_row(weights, output * taps + t), *left_out = bit_row(pruned, of_pruned * taps + t);
        for (i64 w = 0; w < tap.total; ++w) {
            const u64 lanes = ~tap.of(left_out, w) & tap.lanes(w);
            if (lanes != 0) lists.put(t * tap.total + w, tap.of(signs, w) & lanes, lanes);
        }
    }
}

// What is left of all taps, joined to words.
inline void put_joined(const Call& call, i64 output, i64 of_pruned, Lists& lists) {
    const Operand &weights = call.operands[WEIGHTS], &pruned = call.operands[PRUNED],
                  &kept_by_any = call.operands[KEPT];
    const i64 taps = kept_by_any.rows, depth = words(kept_by_any.cols);
    i64 place = 0, filled = 0;
    u64 signs = 0, lanes = 0;
    for (i64 t = 0; t < taps; ++t) {
        for (i64 w = 0; w < depth; ++w) {
            const u64 chosen = bit_row(kept_by_any, t)[w];
            if (chosen == 0) continue;
            const u64 own = ~bit_row(pruned, of_pruned * taps + t)[w];
            const u64 some_lanes = kept::compress(own, chosen);
            const u64 some = kept::compress(bit_row(weights, output * taps + t)[w] & own, chosen);
            const i64 count = __builtin_popcountll(chosen);
            signs |= some << filled;
            lanes |= some_lanes << filled;
            if (filled + count >= segment) {
                lists.put(place++, signs, lanes);
                signs = filled == 0 ? 0 : some >> (segment - filled);
                lanes = filled == 0 ? 0 : some_lanes >> (segment - filled);
            }
            filled = (filled + count) % segment;
        }
    }
    if (filled > 0) lists.put(place, signs, lanes);
}

inline void run(const Call& call, i64, i64) {
    const Operand &weights = call.operands[WEIGHTS], &pruned = call.operands[PRUNED];
    const i64 outputs = weights.shape[0], of_pruned = pruned.shape[0];
    const TapWords tap(weights.cols, call.attributes[PARTS]);
    const bool packed = call.attributes[PACKED] != 0.0;
    find_kept(pruned, call.operands[KEPT]);
    Lists lists{call};
    for (i64 n = 0; n < outputs; ++n) {
        if (packed) {
            put_joined(call, n, n % of_pruned, lists);
        } else {
            put_taps(call, n, n % of_pruned, tap, lists);
        }
        row<i32>(call.operands[ENDS], 0)[n] = static_cast<i32>(lists.at);
    }
    lists.clear_rest();
}

}  // namespace linocut::LINOCUT_NS::keep_words
