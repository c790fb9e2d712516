// 64 elements of a row as four vectors of 16 floats, where a set has these (simd/sixteen), read from any format that
// norms have and written back.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::sixteens {

inline constexpr int vectors = segment / 16;

template <class S>
using Row = typename S::F[vectors];

inline bool readable(Format format) {
    return format == Format::f16 || format == Format::f32 || format == Format::i8 || format == Format::i4 ||
           format == Format::i16;
}

template <class S>
[[gnu::always_inline]] inline void load(const Operand& from, i64 r, i64 first, Row<S>& out) {
    const auto each = [&](const auto& read) { unrolled<vectors>([&](auto v) { out[v] = read(16 * v); }); };
    if (from.format == Format::f16) {
        const u16* in = row<u16>(from, r) + first;
        each([&](int at) { return S::from_halves(in + at); });
    } else if (from.format == Format::i16) {
        const i16* in = row<i16>(from, r) + first;
        each([&](int at) { return S::from_shorts(in + at); });
    } else if (from.format == Format::f32) {
        const float* in = row<float>(from, r) + first;
        each([&](int at) { return S::load(in + at); });
    } else {
        i8 copy[segment];
        const i8* in = mantissa_bytes(from, r, first, segment, copy);
        each([&](int at) { return S::from_bytes(in + at); });
    }
}

template <class S>
[[gnu::always_inline]] inline void store(const Operand& to, i64 r, i64 first, const Row<S>& in) {
    if (to.format == Format::f32) {
        unrolled<vectors>([&](auto v) { S::store(row<float>(to, r) + first + 16 * v, in[v]); });
    } else {
        unrolled<vectors>([&](auto v) { S::to_halves(row<u16>(to, r) + first + 16 * v, in[v]); });
    }
}

// What 64 bits say of vector v.
template <class S>
[[gnu::always_inline]] inline typename S::Bits bits_of(u64 all, int v) {
    return static_cast<typename S::Bits>(all >> (16 * v));
}

}  // namespace linocut::LINOCUT_NS::sixteens
