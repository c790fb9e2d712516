// binarize: bits = values >= 0, packed.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::binarize {

inline constexpr i64 rows_per_unit = 16;

inline i64 units(const Call& call) { return divide_up(call.operands[0].rows, rows_per_unit); }

template <class T, class Test>
inline void signs_of(const T* in, i64 cols, u64* out, Test positive) {
    for (i64 first = 0; first < cols; first += segment) {
        alignas(64) u8 flags[segment] = {};
        const i64 n = least(segment, cols - first);
        for (i64 i = 0; i < n; ++i) flags[i] = positive(in[first + i]) ? 0xFF : 0;
        out[first / segment] = pack_flags(flags);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &values = call.operands[0], &bits = call.operands[1];
    const i64 last = least(end * rows_per_unit, values.rows);
    for (i64 r = begin * rows_per_unit; r < last; ++r) {
        u64* out = bit_row(bits, r);
        switch (values.format) {
            case Format::q15:
                signs_of(row<i16>(values, r), values.cols, out, [](i16 v) { return v >= 0; });
                break;
            case Format::q7:
                signs_of(row<i8>(values, r), values.cols, out, [](i8 v) { return v >= 0; });
                break;
            case Format::f32:
                signs_of(row<float>(values, r), values.cols, out, [](float v) { return v >= 0.0f; });
                break;
            // A half is >= 0 where its sign is clear, or it is -0; NaN is not.
            default:
                signs_of(row<u16>(values, r), values.cols, out, [](u16 v) { return v <= 0x7C00u || v == 0x8000u; });
        }
    }
}

}  // namespace linocut::LINOCUT_NS::binarize
