// What becomes of the sums of 64 outputs in prediction (src/linocut/ops/outcome.py): they are stored as y, or compared
// with thresholds, which gives a word of bits. The four products have the operands least, bits and y at the same
// places.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS {

struct Outcome {
    enum { LEAST = 2, BITS, Y };

    const Operand &bits, &y;
    i64 first, n;  // outputs [first, first + n), n <= 64
    alignas(64) i32 least[segment];

    // No sum is so large as 2^31 - 1: outputs that are not there get bits 0.
    Outcome(const Call& call, i64 word)
        : bits(call.operands[BITS]),
          y(call.operands[Y]),
          first(word * segment),
          n(LINOCUT_NS::least(segment, output(call).cols - first)) {
        if (!given(bits)) return;
        for (i64 c = n; c < segment; ++c) least[c] = 0x7FFFFFFF;
        const i32* from = row<i32>(call.operands[LEAST], 0) + first;
        for (i64 c = 0; c < n; ++c) least[c] = from[c];
    }

    // The operand that the sums become.
    static const Operand& output(const Call& call) {
        return given(call.operands[BITS]) ? call.operands[BITS] : call.operands[Y];
    }

    // `sums` has 64; those that are not there have any value that sums may have.
    void store(i64 r, const i32* sums) const {
        if (given(bits)) {
            bit_row(bits, r)[first / segment] = bits_at_least(sums, least);
        } else if (y.format == Format::i32) {
            std::memcpy(row<i32>(y, r) + first, sums, static_cast<std::size_t>(n) * sizeof(i32));
        } else {
            i16* out = row<i16>(y, r) + first;
            for (i64 c = 0; c < n; ++c) out[c] = static_cast<i16>(sums[c]);
        }
    }
};

}  // namespace linocut::LINOCUT_NS
