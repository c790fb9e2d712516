// Words of taps of pruned layers, and lists of those that are kept (src/linocut/ops/keep_words.py).
#pragma once

#include "../simd/simd.hpp"
#include "copy_channels.hpp"

namespace linocut::LINOCUT_NS {

// The channels of a tap: equal parts, each from a word of its own on.
struct TapWords {
    i64 channels, of_part, depth, total;

    TapWords(i64 count, double parts)
        : channels(count),
          of_part(count / static_cast<i64>(parts)),
          depth(words(of_part)),
          total(depth * static_cast<i64>(parts)) {}

    // Where a word begins among the channels.
    i64 first(i64 word) const { return word / depth * of_part + word % depth * segment; }
    // Word `word` of a row of channels.
    u64 of(const u64* row, i64 word) const {
        return copy_channels::bits_at(row, words(channels), first(word)) & lanes(word);
    }
    u64 lanes(i64 word) const { return copy_channels::bits_within(word % depth * segment, 0, of_part); }
};

// The lists of all outputs; what is out of order is brought in.
struct KeptLists {
    const Operand &ends, &places, &signs, &lanes;
    i64 last;  // place

    kept::Run of(i64 output) const {
        const i64 begin = output == 0 ? 0 : end(output - 1), stop = most(begin, end(output));
        return {row<i32>(places, 0) + begin, bit_row(signs, begin), bit_row(lanes, begin), stop - begin, last};
    }

  private:
    i64 end(i64 output) const { return clamp(i64{row<i32>(ends, 0)[output]}, i64{0}, i64{places.cols}); }
};

}  // namespace linocut::LINOCUT_NS
