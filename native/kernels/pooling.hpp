// What the pools share: which taps of a window lie within the image, and which windows cover an input. Both are found
// without walking over what lies outside, so that a window far larger than the image costs no more than one of its
// size. A part is one row of an image.
#pragma once

#include "segments.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS::pooling {

// The taps of a window within an image of `image` pixels; tap 0 lies at `start`.
inline Span taps_within(i64 start, i64 window, i64 image) {
    return {most<i64>(0, -start), least(window, image - start)};
}

// The outputs whose windows cover the input at `at`, counted from the first pixel of the padding.
inline Span outputs_over(i64 at, i64 window, i64 stride, i64 outputs) {
    return {at < window ? 0 : (at - window) / stride + 1, least(outputs, at / stride + 1)};
}

inline i64 image_rows(const Operand& operand) { return static_cast<i64>(operand.shape[0]) * operand.shape[1]; }

// What output (row, column) of an example sees.
struct Seen {
    i64 top, left;  // of tap (0, 0)
    Span rows, columns;

    Seen(const Window& window, const Image& image, i64 row, i64 column)
        : top(window.input_row(row, 0)),
          left(window.input_column(column, 0)),
          rows(taps_within(top, window.height, image.height)),
          columns(taps_within(left, window.width, image.width)) {}
};

// n elements of a pixel, in place where a segment is full; else in `copy`, as what is converted (f16 to floats, i4 to
// bytes).
template <class T>
inline const T* elements(const Operand& from, i64 pixel, i64 first, i64 n, T* copy) {
    if constexpr (__is_same(T, i8)) {
        if (from.format == Format::i4) return mantissa_bytes(from, pixel, first, n, copy);
    }
    if (n == segment) return row<T>(from, pixel) + first;
    std::memcpy(copy, row<T>(from, pixel) + first, static_cast<std::size_t>(n) * sizeof(T));
    return copy;
}
inline const float* elements(const Operand& from, i64 pixel, i64 first, i64 n, float* copy) {
    if (from.format == Format::f32) return elements<float>(from, pixel, first, n, copy);
    load_floats(from, pixel, first, n, copy);
    return copy;
}

// A full segment is copied by instructions, its size being known.
template <class T>
inline void store_elements(const Operand& to, i64 pixel, i64 first, i64 n, const T* values) {
    if constexpr (__is_same(T, i8)) {
        if (to.format == Format::i4) return store_levels(to, pixel, first, n, values);
    }
    T* out = row<T>(to, pixel) + first;
    if (n == segment) {
        std::memcpy(out, values, segment * sizeof(T));
    } else {
        std::memcpy(out, values, static_cast<std::size_t>(n) * sizeof(T));
    }
}
inline void store_elements(const Operand& to, i64 pixel, i64 first, i64 n, const float* values) {
    if (to.format == Format::f32) {
        store_elements<float>(to, pixel, first, n, values);
    } else {
        store_floats(to, pixel, first, n, values);
    }
}

}  // namespace linocut::LINOCUT_NS::pooling
