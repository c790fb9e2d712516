// Bits of few channels: those that taps side by side see follow each other in a word. Of 16 channels the three taps of
// a row are one word, not three that are a quarter full.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS {

// What a row of taps sees of one row of an image: words, one a pixel, none where `words` is null. Pixel i of those that
// look sees `column` + i `stride` through tap 0.
struct SeenRow {
    const u64* words;
    i64 width, column, stride;
};

struct JoinedTaps {
    i64 channels, taps;  // in a row of the window
    i64 together;        // taps in a word
    i64 row_words;

    JoinedTaps(i64 channels_of, i64 taps_of)
        : channels(channels_of),
          taps(taps_of),
          together(channels_of < segment ? segment / channels_of : 1),
          row_words(divide_up(taps_of, together)) {}

    bool fewer() const { return row_words < taps; }
    i64 taps_of(i64 word) const { return least(together, taps - word * together); }
    i64 bits_of(i64 word) const { return taps_of(word) * channels; }

    // Word `word` of a row of taps of which those outside `seen` are 0.
    u64 word(i64 word, Span seen, const u64* from) const {
        const i64 first = word * together;
        u64 bits = 0;
        for (i64 t = most(first, seen.begin); t < least(first + together, seen.end); ++t)
            bits |= from[t] << ((t - first) * channels);
        return bits;
    }

    // The words of n pixels, out[i * step + word]. `marks`: behind the bits of the last word one more for each tap that
    // sees a pixel.
    void join(const SeenRow& row, i64 n, bool marks, u64* out, i64 step) const {
        for (i64 w = 0; w < row_words; ++w) {
            const i64 used = marks && w + 1 == row_words ? bits_of(w) : 0;
            const auto marked = [&](Span seen) {
                return used == 0 ? u64{0} : ((u64{1} << seen.size()) - 1) << (used + seen.begin);
            };
            const auto some = [&](i64 begin, i64 end) {
                for (i64 i = begin; i < end; ++i) {
                    const i64 column = row.column + i * row.stride, first = clamp<i64>(-column, 0, taps);
                    const Span seen{first, clamp(row.width - column, first, taps)};
                    const bool none = row.words == nullptr || seen.size() <= 0;
                    out[i * step + w] = none ? 0 : word(w, seen, row.words + column) | marked(seen);
                }
            };
            if (row.words == nullptr || row.width < taps) {
                some(0, n);
                continue;
            }
            const i64 begin = least(n, row.column < 0 ? divide_up(-row.column, row.stride) : 0);
            const i64 last = row.width - taps - row.column;  // the column of the last that sees all
            const i64 end = clamp(last < 0 ? 0 : last / row.stride + 1, begin, n);
            some(0, begin);
            whole(row, w, marked({0, taps}), begin, end, out + w, step);
            some(end, n);
        }
    }

  private:
    // Of pixels that see all; eight at a time where they see one pixel after another.
    void whole(const SeenRow& row, i64 w, u64 marks, i64 begin, i64 end, u64* out, i64 step) const {
        constexpr i64 at_once = 8;
        using Words = u64 __attribute__((vector_size(at_once * sizeof(u64))));
        const u64* from = row.words + row.column + w * together;
        const auto each = [&](auto count) {
            i64 i = begin;
            for (; row.stride == 1 && i + at_once <= end; i += at_once) {
                Words bits = Words{} | marks;
                for (int t = 0; t < count; ++t) {
                    Words seen;
                    std::memcpy(&seen, from + i + t, sizeof seen);
                    bits |= seen << (t * channels);
                }
                for (i64 k = 0; k < at_once; ++k) out[(i + k) * step] = bits[k];
            }
            for (; i < end; ++i) {
                u64 bits = marks;
                for (int t = 0; t < count; ++t) bits |= from[i * row.stride + t] << (t * channels);
                out[i * step] = bits;
            }
        };
        switch (taps_of(w)) {
            case 1:
                return each(Index<1>());
            case 2:
                return each(Index<2>());
            case 3:
                return each(Index<3>());
            default:
                return each(static_cast<int>(taps_of(w)));
        }
    }
};

}  // namespace linocut::LINOCUT_NS
