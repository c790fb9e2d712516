// max_pool_gradient: the gradient of an output goes to the tap that it came from.
// It goes over the pixels of dX, each of which gathers from the outputs whose windows cover it: parts write disjoint
// pixels, and a number in `index` that no tap has, or one that points into the padding, is never looked for.
#pragma once

#include "pooling.hpp"

namespace linocut::LINOCUT_NS::max_pool_gradient {

enum { DY, DY_EXPONENT, INDEX, DX, DX_EXPONENT };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[DX]); }

inline i64 overlap(const Window& window) {
    return divide_up(window.height, window.stride) * divide_up(window.width, window.stride);
}

// The right shift after which a sum over all windows that share an input fits the format of one of them: at most 16,
// since at most 65536 windows share one (src/linocut/ops/max_pool_gradient.py).
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

// Of i4: elements as bytes.
struct Levels : Mantissas<i8> {
    static i8 finish(i32 sum, int shift) {
        const i32 halves = 2 * sum >> shift, below = halves >> 31;
        const i32 level = levels[code_of(static_cast<u8>(least(halves ^ below, 127)))];
        return static_cast<i8>((level ^ below) - below);
    }
    static i8 alone(i8 value) { return value; }
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
    Span rows, columns;

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

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        switch (call.operands[DX].format) {
            case Format::i4:
                gather_row<Levels>(call, unit);
                break;
            case Format::i8:
                gather_row<Mantissas<i8>>(call, unit);
                break;
            case Format::i16:
                gather_row<Mantissas<i16>>(call, unit);
                break;
            default:
                gather_row<Floats>(call, unit);
                break;
        }
    }
    if (begin != 0 || !given(call.operands[DX_EXPONENT])) return;
    store_exponent(call.operands[DX_EXPONENT], call.operands[DY_EXPONENT], shift_for(pool_window(call.attributes)));
}

}  // namespace linocut::LINOCUT_NS::max_pool_gradient
