// Segments: up to 64 elements of a row, read from any format into an array of one type, and written back.
#pragma once

#include "../simd/simd.hpp"
#include "nibbles.hpp"
#include "whole_rows.hpp"

namespace linocut::LINOCUT_NS {

// visit(row, first element, how many) for the segments of rows [begin, end).
template <class Visit>
inline void each_segment(const Operand& elements, i64 begin, i64 end, const Visit& visit) {
    for (i64 r = begin; r < end; ++r) {
        for (i64 first = 0; first < elements.cols; first += segment) {
            visit(r, first, least(segment, elements.cols - first));
        }
    }
}

// Elements [first, first + n) of a row as floats. n <= 64.
inline void load_floats(const Operand& from, i64 index, i64 first, i64 n, float* out) {
    switch (from.format) {
        case Format::f32:
            std::memcpy(out, row<float>(from, index) + first, static_cast<std::size_t>(n) * sizeof(float));
            return;
        case Format::f16:
            from_halves(row<u16>(from, index) + first, n, out);
            return;
        case Format::i16:
        case Format::q15: {
            const i16* in = row<i16>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i8:
        case Format::q7: {
            const i8* in = row<i8>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i32: {
            const i32* in = row<i32>(from, index) + first;
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        case Format::i4: {  // from an even element on
            i8 in[segment];
            unpack_nibbles(nibble_row(from, index, first), n, in);
            for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
            return;
        }
        default:
            return;
    }
}

// The same of a number that is hidden from the compiler: of a memcpy that it knows to be short GCC makes a rep movs,
// whose start takes longer than the copy.
inline void load_some_floats(const Operand& from, i64 index, i64 first, i64 n, float* out) {
    asm("" : "+r"(n));
    load_floats(from, index, first, n, out);
}

// Elements [first, first + n) of a row as doubles: exactly.
inline void load_doubles(const Operand& from, i64 index, i64 first, i64 n, double* out) {
    if (from.format == Format::i32) {
        const i32* in = row<i32>(from, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = in[i];
    } else {
        float values[segment];
        load_floats(from, index, first, n, values);
        for (i64 i = 0; i < n; ++i) out[i] = values[i];
    }
}

inline void store_floats(const Operand& to, i64 index, i64 first, i64 n, const float* in) {
    if (to.format == Format::f32) {
        std::memcpy(row<float>(to, index) + first, in, static_cast<std::size_t>(n) * sizeof(float));
    } else {
        to_halves(in, n, row<u16>(to, index) + first);
    }
}

// An element of a float operand (f16 or f32).
inline float load_float(const Operand& from, i64 index, i64 column) {
    float value = 0.0f;
    load_floats(from, index, column, 1, &value);
    return value;
}

inline void store_float(const Operand& to, i64 index, i64 column, float value) {
    store_floats(to, index, column, 1, &value);
}

inline bool is_integer(Format format) {
    return format != Format::f16 && format != Format::f32 && format != Format::f64;
}

}  // namespace linocut::LINOCUT_NS
