// max_pool: the largest of each window and the number of its tap, ties to the first.
// A segment of 64 channels gives a word of bits that says where a tap is larger than all before it: with it the planes
// of `index` are updated by boolean logic, and so are packed inputs themselves.
#pragma once

#include "pooling.hpp"

namespace linocut::LINOCUT_NS::max_pool {

enum { X, Y, INDEX };

inline constexpr i64 most_planes = 30;  // windows have at most 2^30 taps

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[Y]); }

inline u64 first_bits(i64 n) { return n >= segment ? ~u64{0} : (u64{1} << n) - 1; }

// The number of the tap that each of 64 outputs came from, a word for each binary digit.
struct Digits {
    u64 plane[most_planes] = {};
    i64 count;

    explicit Digits(i64 planes) : count(planes) {}

    void set(i64 tap, u64 where) {
        for (i64 l = 0; l < count; ++l) {
            const u64 digit = -static_cast<u64>(tap >> l & 1);
            plane[l] = (plane[l] & ~where) | (digit & where);
        }
    }

    void store(const Operand& index, i64 pixel, i64 unit) const {
        for (i64 l = 0; l < count; ++l) bit_row(index, pixel * count + l)[unit] = plane[l];
    }
};

inline i64 planes_of(const Operand& index) { return given(index) ? static_cast<i64>(index.shape[3]) : 0; }

// The largest so far of 64 packed channels. `take` is for the first tap; `raise` returns where a later one is larger.
struct LargestBits {
    const Operand& x;
    i64 unit;
    u64 largest = 0;

    LargestBits(const Operand& from, i64 word) : x(from), unit(word) {}

    void take(i64 pixel) { largest = bit_row(x, pixel)[unit]; }
    u64 raise(i64 pixel) {
        const u64 better = bit_row(x, pixel)[unit] & ~largest;
        largest |= better;
        return better;
    }
    void store(const Operand& y, i64 pixel) const { bit_row(y, pixel)[unit] = largest; }
};

// The same of numbers; f16 is compared as f32. A number that is not one is larger than nothing, and nothing than it.
template <class T>
struct LargestNumbers {
    const Operand& x;
    i64 first, n;
    T largest[segment] = {}, copy[segment] = {};

    LargestNumbers(const Operand& from, i64 unit)
        : x(from), first(unit * segment), n(least(segment, from.cols - unit * segment)) {}

    void take(i64 pixel) {
        const T* seen = pooling::elements(x, pixel, first, n, copy);
        for (i64 c = 0; c < segment; ++c) largest[c] = seen[c];
    }
    u64 raise(i64 pixel) {
        alignas(64) u8 flags[segment];
        const T* seen = pooling::elements(x, pixel, first, n, copy);
        for (i64 c = 0; c < segment; ++c) {
            const bool better = seen[c] > largest[c];
            flags[c] = better ? 0xFF : 0;
            largest[c] = better ? seen[c] : largest[c];
        }
        return pack_flags(flags);
    }
    void store(const Operand& y, i64 pixel) const { pooling::store_elements(y, pixel, first, n, largest); }
};

template <class Largest>
inline void pool_segment(const Call& call, const pooling::Seen& seen, i64 example, i64 to, i64 unit, i64 width) {
    const Operand &x = call.operands[X], &index = call.operands[INDEX];
    const Image image(x);
    const i64 p0 = seen.rows.begin, q0 = seen.columns.begin;
    Largest largest(x, unit);
    Digits digits(planes_of(index));
    largest.take(image.pixel(example, seen.top + p0, seen.left + q0));
    digits.set(p0 * width + q0, first_bits(x.cols - unit * segment));
    for (i64 p = p0; p < seen.rows.end; ++p) {
        const i64 line = image.pixel(example, seen.top + p, seen.left);
        for (i64 q = p == p0 ? q0 + 1 : q0; q < seen.columns.end; ++q)
            digits.set(p * width + q, largest.raise(line + q));
    }
    largest.store(call.operands[Y], to);
    digits.store(index, to, unit);
}

// A whole 2 x 2 window of bits: the first tap that is 1, tap 0 where none is. `from` is the pixel of tap 0.
inline void pool_four_bits(const Call& call, i64 from, i64 to) {
    const Operand &x = call.operands[X], &index = call.operands[INDEX];
    const i64 count = words(x.cols), below = static_cast<i64>(x.shape[2]);
    const u64 *a = bit_row(x, from), *b = bit_row(x, from + 1), *c = bit_row(x, from + below), *d = c + count;
    u64* y = bit_row(call.operands[Y], to);
    for (i64 k = 0; k < count; ++k) y[k] = a[k] | b[k] | c[k] | d[k];
    if (!given(index)) return;
    u64 *low = bit_row(index, 2 * to), *high = low + count;
    for (i64 k = 0; k < count; ++k) {
        low[k] = ~a[k] & (b[k] | (~c[k] & d[k]));
        high[k] = ~(a[k] | b[k]) & (c[k] | d[k]);
    }
}

// Bits without an index: 1 where any tap is. `from` is the pixel of the first tap that is seen.
inline void pool_bits(const Call& call, const pooling::Seen& seen, i64 from, i64 to) {
    const Operand& x = call.operands[X];
    const i64 count = words(x.cols), line = static_cast<i64>(x.shape[2]) * count, across = seen.columns.size() * count;
    const u64 *first = bit_row(x, from), *last = first + seen.rows.size() * line;
    u64* y = bit_row(call.operands[Y], to);
    for (i64 w = 0; w < count; ++w) {
        u64 any = 0;
        for (const u64* row = first; row < last; row += line) {
            for (i64 at = w; at < across; at += count) any |= row[at];
        }
        y[w] = any;
    }
}

template <class Largest>
inline void pool_row(const Call& call, i64 unit) {
    const Window window = pool_window(call.attributes);
    const Image image(call.operands[X]), outputs(call.operands[Y]);
    const i64 example = unit / outputs.height, i = unit % outputs.height, segments = words(image.channels);
    const bool bits = call.operands[X].format == Format::bit, four = bits && window.height == 2 && window.width == 2;
    for (i64 j = 0; j < outputs.width; ++j) {
        const pooling::Seen seen(window, image, i, j);
        const i64 to = outputs.pixel(example, i, j);
        if (four && seen.rows.size() == 2 && seen.columns.size() == 2) {
            pool_four_bits(call, image.pixel(example, seen.top, seen.left), to);
            continue;
        }
        if (bits && !given(call.operands[INDEX])) {
            const i64 row = seen.top + seen.rows.begin, column = seen.left + seen.columns.begin;
            pool_bits(call, seen, image.pixel(example, row, column), to);
            continue;
        }
        for (i64 s = 0; s < segments; ++s) pool_segment<Largest>(call, seen, example, to, s, window.width);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        switch (call.operands[X].format) {
            case Format::bit:
                pool_row<LargestBits>(call, unit);
                break;
            case Format::i16:
                pool_row<LargestNumbers<i16>>(call, unit);
                break;
            case Format::i32:
                pool_row<LargestNumbers<i32>>(call, unit);
                break;
            default:
                pool_row<LargestNumbers<float>>(call, unit);
                break;
        }
    }
}

}  // namespace linocut::LINOCUT_NS::max_pool
