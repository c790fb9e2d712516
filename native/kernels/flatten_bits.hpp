// flatten_bits: the bits of all pixels of an example one after another. A part is a word of Y, which gathers its bits.
#pragma once

#include "window.hpp"

namespace linocut::LINOCUT_NS::flatten_bits {

enum { X, Y };

inline i64 units(const Call& call) { return call.operands[Y].rows * words(call.operands[Y].cols); }

// Where the next bits come from: a pixel and its channel.
struct Cursor {
    i64 pixel, channel;
};

// Up to `wanted` bits of a pixel, from one word of it; moves the cursor past them and sets `count`.
inline u64 take_bits(const Operand& x, Cursor& at, i64 wanted, i64& count) {
    const i64 place = at.channel % segment;
    count = least(wanted, least(segment - place, x.cols - at.channel));
    const u64 bits = bit_row(x, at.pixel)[at.channel / segment] >> place;
    at.channel += count;
    if (at.channel == x.cols) at = {at.pixel + 1, 0};
    return count == segment ? bits : bits & ((u64{1} << count) - 1);
}

inline u64 gather_word(const Operand& x, Cursor& at, i64 wanted) {
    u64 word = 0;
    for (i64 filled = 0, count = 0; filled < wanted; filled += count)
        word |= take_bits(x, at, wanted - filled, count) << filled;
    return word;
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 width = words(y.cols), pixels = x.rows / y.rows;
    const i64 start = begin % width * segment;  // in bits of the first example
    Cursor at = {begin / width * pixels + start / x.cols, start % x.cols};
    u64* out = bit_row(y, 0);
    for (i64 unit = begin; unit < end; ++unit) {
        out[unit] = gather_word(x, at, least(segment, y.cols - unit % width * segment));
    }
}

}  // namespace linocut::LINOCUT_NS::flatten_bits
