// max_pool: the largest of each window and the number of its tap, ties to the first; max_pool_gradient: back to that tap.
// A segment of 64 channels gives a word of bits that says where a tap is larger than all before it: with it the planes of
// `index` are updated by boolean logic, and so are packed inputs themselves.
// The gradient goes over the pixels of dX, each of which gathers from the outputs whose windows cover it: parts write disjoint
// pixels, and a number in `index` that no tap has, or one that points into the padding, is never looked for.
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
        for (i64 q = p == p0 ? q0 + 1 : q0; q < seen.columns.end; ++q) digits.set(p * width + q, largest.raise(line + q));
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

template <class Largest>
inline void pool_row(const Call& call, i64 unit) {
    const Window window = pool_window(call.attributes);
    const Image image(call.operands[X]), outputs(call.operands[Y]);
    const i64 example = unit / outputs.height, i = unit % outputs.height, segments = words(image.channels);
    const bool four = call.operands[X].format == Format::bit && window.height == 2 && window.width == 2;
    for (i64 j = 0; j < outputs.width; ++j) {
        const pooling::Seen seen(window, image, i, j);
        const i64 to = outputs.pixel(example, i, j);
        if (four && seen.rows.size() == 2 && seen.columns.size() == 2) {
            pool_four_bits(call, image.pixel(example, seen.top, seen.left), to);
            continue;
        }
        for (i64 s = 0; s < segments; ++s) pool_segment<Largest>(call, seen, example, to, s, window.width);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        switch (call.operands[X].format) {
            case Format::bit: pool_row<LargestBits>(call, unit); break;
            case Format::i16: pool_row<LargestNumbers<i16>>(call, unit); break;
            case Format::i32: pool_row<LargestNumbers<i32>>(call, unit); break;
            default: pool_row<LargestNumbers<float>>(call, unit); break;
        }
    }
}

}  // namespace linocut::LINOCUT_NS::max_pool

namespace linocut::LINOCUT_NS::max_pool_gradient {

enum { DY, DY_EXPONENT, INDEX, DX, DX_EXPONENT };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[DX]); }

inline i64 overlap(const Window& window) {
    return divide_up(window.height, window.stride) * divide_up(window.width, window.stride);
}

// The right shift after which a sum over all windows that share an input fits the format of one of them: at most 16, since
// at most 65536 windows share one (native/image_limits.cpp).
inline int shift_for(const Window& window) {
    int bits = 0;
    while ((overlap(window) - 1) >> bits) ++bits;
    return bits;
}

// bytes[c] = 1 where output `from` came from the tap.
inline void find_tap(const Operand& index, i64 from, i64 unit, i64 tap, u8* bytes) {
    const i64 planes = static_cast<i64>(index.shape[3]);
    u64 here = ~u64{0};
    for (i64 l = 0; l < planes; ++l) {
        const u64 digit = -static_cast<u64>(tap >> l & 1);
        here &= ~(bit_row(index, from * planes + l)[unit] ^ digit);
    }
    expand_bits(here, bytes);
}

// Of an integer format: elements as they are stored (T), their sum in 32 bits.
template <class T>
struct Mantissas {
    using Element = T;
    using Sum = i32;
    static constexpr i32 limit = sizeof(T) == 1 ? 127 : 32767;

    static T finish(i32 sum, int shift) {
        return static_cast<T>(clamp((sum + ((1 << shift) >> 1)) >> shift, -limit, limit));
    }
    static T alone(T value) { return value == -limit - 1 ? static_cast<T>(-limit) : value; }
    // By a mask: of the select of a maximum GCC 12 makes an 8-bit AVX-512 instruction that it does not know.
    static T where(u8 here, T value) { return static_cast<T>(value & -static_cast<T>(here)); }
};

// f16 and f32: summed from 0, so that a -0 becomes 0.
struct Floats {
    using Element = float;
    using Sum = float;

    static float finish(float sum, int) { return sum; }
    static float alone(float value) { return value + 0.0f; }
    static float where(u8 here, float value) { return here ? value : 0.0f; }
};

// A pixel of dX: its place, the outputs that cover it, and its place in the padded image.
struct Target {
    i64 pixel, example, at_row, at_column;
    pooling::Span rows, columns;

    bool is_covered() const { return rows.size() > 0 && columns.size() > 0; }
    i64 tap(const Window& window, i64 i, i64 j) const {
        return (at_row - i * window.stride) * window.width + at_column - j * window.stride;
    }
};

// Windows that do not overlap: at most one output covers a pixel.
template <class Kind>
inline void gather_one(const Call& call, const Window& window, const Target& target) {
    using Element = typename Kind::Element;
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const i64 i = target.rows.begin, j = target.columns.begin;
    const i64 from = Image(dy).pixel(target.example, i, j), tap = target.tap(window, i, j);
    Element copy[segment] = {}, kept[segment];
    alignas(64) u8 here[segment];
    for (i64 first = 0; first < dx.cols; first += segment) {
        const i64 n = least(segment, dx.cols - first);
        const Element* values = pooling::elements(dy, from, first, n, copy);
        find_tap(call.operands[INDEX], from, first / segment, tap, here);
        for (i64 c = 0; c < segment; ++c) kept[c] = Kind::where(here[c], Kind::alone(values[c]));
        pooling::store_elements(dx, target.pixel, first, n, kept);
    }
}

// Windows that do: the outputs in order, so the taps from the last to the first.
template <class Kind>
inline void gather_all(const Call& call, const Window& window, const Target& target, int shift) {
    using Element = typename Kind::Element;
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const Image outputs(dy);
    Element copy[segment] = {}, out[segment];
    alignas(64) u8 here[segment];
    for (i64 first = 0; first < dx.cols; first += segment) {
        const i64 n = least(segment, dx.cols - first);
        typename Kind::Sum sums[segment] = {};
        for (i64 i = target.rows.begin; i < target.rows.end; ++i) {
            for (i64 j = target.columns.begin; j < target.columns.end; ++j) {
                const i64 from = outputs.pixel(target.example, i, j);
                const Element* values = pooling::elements(dy, from, first, n, copy);
                find_tap(call.operands[INDEX], from, first / segment, target.tap(window, i, j), here);
                for (i64 c = 0; c < segment; ++c) sums[c] += Kind::where(here[c], values[c]);
            }
        }
        for (i64 c = 0; c < segment; ++c) out[c] = Kind::finish(sums[c], shift);
        pooling::store_elements(dx, target.pixel, first, n, out);
    }
}

template <class Kind>
inline void clear(const Operand& dx, i64 pixel) {
    const typename Kind::Element zeros[segment] = {};
    for (i64 first = 0; first < dx.cols; first += segment) {
        pooling::store_elements(dx, pixel, first, least(segment, dx.cols - first), zeros);
    }
}

template <class Kind>
inline void gather_row(const Call& call, i64 unit) {
    const Operand& dx = call.operands[DX];
    const Window window = pool_window(call.attributes);
    const Image image(dx), outputs(call.operands[DY]);
    const int shift = shift_for(window);
    const bool apart = overlap(window) == 1;
    Target target = {};
    target.example = unit / image.height;
    target.at_row = unit % image.height + window.pad_top;
    target.rows = pooling::outputs_over(target.at_row, window.height, window.stride, outputs.height);
    for (i64 column = 0; column < image.width; ++column) {
        target.pixel = unit * image.width + column;
        target.at_column = column + window.pad_left;
        target.columns = pooling::outputs_over(target.at_column, window.width, window.stride, outputs.width);
        if (!target.is_covered()) {
            clear<Kind>(dx, target.pixel);
        } else if (apart) {
            gather_one<Kind>(call, window, target);
        } else {
            gather_all<Kind>(call, window, target, shift);
        }
    }
}

inline void store_exponent(const Call& call) {
    const u32 exponent = static_cast<u32>(*row<i32>(call.operands[DY_EXPONENT], 0));
    const u32 shift = static_cast<u32>(shift_for(pool_window(call.attributes)));
    *row<i32>(call.operands[DX_EXPONENT], 0) = static_cast<i32>(exponent + shift);
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        switch (call.operands[DX].format) {
            case Format::i8: gather_row<Mantissas<i8>>(call, unit); break;
            case Format::i16: gather_row<Mantissas<i16>>(call, unit); break;
            default: gather_row<Floats>(call, unit); break;
        }
    }
    if (begin == 0 && end > 0 && given(call.operands[DX_EXPONENT])) store_exponent(call);
}

}  // namespace linocut::LINOCUT_NS::max_pool_gradient
