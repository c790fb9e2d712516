// flatten_bits: the bits of all pixels of an example one after another, a part being a word of Y, which gathers its
// bits; unflatten_bits: the other way, a part being a block of pixels.
#pragma once

#include "close_bits.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS::flatten_bits {

enum { X, Y };

// The lowest `count` bits, of 1 to 64.
inline u64 lowest(u64 bits, i64 count) { return bits & ~u64{0} >> (segment - count); }

// How many pixels fill a word exactly, side by side; 0 where none do.
inline i64 side_by_side(i64 channels) { return channels < segment && segment % channels == 0 ? segment / channels : 0; }

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
    return lowest(bits, count);
}

inline u64 gather_word(const Operand& x, Cursor& at, i64 wanted) {
    u64 word = 0;
    for (i64 filled = 0, count = 0; filled < wanted; filled += count)
        word |= take_bits(x, at, wanted - filled, count) << filled;
    return word;
}

// Words [begin, end) of Y, where every example's pixels fill words.
inline void join_pixels(const Operand& x, u64* out, i64 begin, i64 end) {
    const i64 together = side_by_side(x.cols), pixels = (end - begin) * together;
    const u64* in = bit_row(x, begin * together);
    out += begin;
    if (joined_bits(in, x.cols, pixels, out)) return;
    for (i64 p = 0; p < pixels; p += together) {
        u64 word = 0;
        for (i64 k = 0; k < together; ++k) word |= in[p + k] << k * x.cols;
        *out++ = word;
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 width = words(y.cols), pixels = x.rows / y.rows;
    if (side_by_side(x.cols) != 0 && y.cols % segment == 0) return join_pixels(x, bit_row(y, 0), begin, end);
    const i64 start = begin % width * segment;  // in bits of the first example
    Cursor at = {begin / width * pixels + start / x.cols, start % x.cols};
    u64* out = bit_row(y, 0);
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 wanted = least(segment, y.cols - unit % width * segment);
        out[unit] = gather_word(x, at, wanted);
    }
}

}  // namespace linocut::LINOCUT_NS::flatten_bits

namespace linocut::LINOCUT_NS::unflatten_bits {

using flatten_bits::lowest;

enum { X, Y };

inline constexpr i64 pixels_per_unit = 1024;

inline i64 units(const Call& call) { return divide_up(call.operands[Y].rows, pixels_per_unit); }

// `count` bits of a row, of 1 to 64, from bit `start` on.
inline u64 bits_at(const u64* row, i64 start, i64 count) {
    const i64 place = start % segment;
    u64 bits = row[start / segment] >> place;
    if (place + count > segment) bits |= row[start / segment + 1] << (segment - place);
    return lowest(bits, count);
}

// Pixels [first, end) of an example, whose bits are `row`.
inline void split(const u64* row, i64 first, i64 end, i64 channels, u64* out) {
    for (i64 p = first; p < end; ++p)
        for (i64 c = 0; c < channels; c += segment)
            *out++ = bits_at(row, p * channels + c, least(segment, channels - c));
}

// The same where pixels fill words, and `first` begins one.
inline void split_words(const u64* row, i64 first, i64 end, i64 channels, u64* out) {
    const i64 together = flatten_bits::side_by_side(channels);
    const u64* from = row + first / together;
    if (divided_bits(from, channels, end - first, out)) return;
    for (i64 p = first; p < end; p += together, ++from)
        for (i64 k = 0; k < least(together, end - p); ++k) *out++ = lowest(*from >> k * channels, channels);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 pixels = y.rows / x.rows, last = least(end * pixels_per_unit, y.rows);
    const i64 together = flatten_bits::side_by_side(y.cols);
    for (i64 pixel = begin * pixels_per_unit, stop = 0; pixel < last; pixel = stop) {
        const i64 example = pixel / pixels, before = example * pixels;
        stop = least(last, before + pixels);
        const u64* row = bit_row(x, example);
        if (together != 0 && (pixel - before) % together == 0)
            split_words(row, pixel - before, stop - before, y.cols, bit_row(y, pixel));
        else
            split(row, pixel - before, stop - before, y.cols, bit_row(y, pixel));
    }
}

}  // namespace linocut::LINOCUT_NS::unflatten_bits
