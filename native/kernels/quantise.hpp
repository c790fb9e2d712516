// quantise: numbers as levels of 2 or 4 bits in planes, and the mask |x| <= 1 (src/linocut/ops/quantise.py). A part is
// a row.
#pragma once

#include "level_planes.hpp"

namespace linocut::LINOCUT_NS::quantise {

enum { X, LEAST, FIRST, MASK = 6 };

inline i64 units(const Call& call) { return Fold(call.operands[X]).of(call.operands[X]).rows; }

// A code is how many boundaries are at most x. T holds x exactly.
template <class T>
inline void find_codes(const T* x, const T (*bounds)[segment], i64 count, u8* codes) {
    T found[segment] = {};
    for (i64 b = 0; b < count; ++b) {
        for (i64 c = 0; c < segment; ++c) found[c] += x[c] >= bounds[b][c] ? T{1} : T{0};
    }
    for (i64 c = 0; c < segment; ++c) codes[c] = static_cast<u8>(found[c]);
}

inline void load(const Operand& x, i64 r, i64 first, i64 n, float* out) { load_floats(x, r, first, n, out); }

inline void load(const Operand& x, i64 r, i64 first, i64 n, i32* out) {
    const auto copy = [&](const auto* from) {
        for (i64 c = 0; c < n; ++c) out[c] = from[first + c];
    };
    if (x.format == Format::i32) return copy(row<i32>(x, r));
    if (x.format == Format::q7) return copy(row<i8>(x, r));
    copy(row<i16>(x, r));
}

inline void bounds_of(const Call& call, int planes, const Fold& fold, i64 first, i64 n, i32 (*bounds)[segment]) {
    const Operand &least_of = call.operands[LEAST], &x = call.operands[X];
    const double one = (x.format == Format::q15 ? 32767.0 : 127.0) * call.attributes[0];
    for (i64 code = 0; code < level_planes::largest(planes); ++code) {
        if (given(least_of)) {
            std::memcpy(bounds[code], row<i32>(least_of, code) + first,
                        static_cast<std::size_t>(least(n, x.cols - first)) * sizeof(i32));
            fold.repeat(bounds[code]);
        } else {
            const i32 bound = level_planes::whole_boundary(planes, code, one);
            for (i64 c = 0; c < segment; ++c) bounds[code][c] = bound;
        }
    }
}

inline void bounds_of(const Call& call, int planes, const Fold&, i64, i64, float (*bounds)[segment]) {
    for (i64 code = 0; code < level_planes::largest(planes); ++code) {
        const float bound = level_planes::float_boundary(planes, code, call.attributes[0]);
        for (i64 c = 0; c < segment; ++c) bounds[code][c] = bound;
    }
}

inline void store_mask(const Operand& mask, const Fold& fold, i64 r, i64 word, const float* x, u64 counting) {
    alignas(64) u8 flags[segment];
    for (i64 c = 0; c < segment; ++c) flags[c] = std::fabs(x[c]) <= 1.0f ? 0xFF : 0;
    fold.put_bits(mask, r, word, pack_flags(flags) & counting);
}
inline void store_mask(const Operand&, const Fold&, i64, i64, const i32*, u64) {}

template <class T>
inline void run_of(const Call& call, i64 begin, i64 end) {
    const Fold fold(call.operands[X]);
    const Operand x = fold.of(call.operands[X]), &mask = call.operands[MASK];
    const level_planes::Planes planes(call, FIRST);
    T bounds[level_planes::most_boundaries][segment] = {}, values[segment] = {};
    alignas(64) u8 codes[segment];
    for (i64 first = 0; first < x.cols; first += segment) {
        const i64 n = least(segment, x.cols - first), word = first / segment;
        const u64 counting = ~u64{0} >> (segment - n);
        bounds_of(call, planes.count, fold, first, n, bounds);
        for (i64 r = begin; r < end; ++r) {
            load(x, r, first, n, values);
            find_codes(values, bounds, level_planes::largest(planes.count), codes);
            planes.store(fold, r, word, codes, counting);
            if (given(mask)) store_mask(mask, fold, r, word, values, counting);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const bool floats = call.operands[X].format == Format::f32 || call.operands[X].format == Format::f16;
    floats ? run_of<float>(call, begin, end) : run_of<i32>(call, begin, end);
}

}  // namespace linocut::LINOCUT_NS::quantise
