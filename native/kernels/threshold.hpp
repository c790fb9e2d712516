// threshold: x^ = +1 where y >= least. A part is a row.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::threshold {

enum { Y, LEAST, BITS };

inline i64 units(const Call& call) { return call.operands[Y].rows; }

template <class T, class Bound>
inline u64 compared(const T* y, const Bound* least, i64 n) {
    alignas(64) u8 flags[segment] = {};
    for (i64 c = 0; c < n; ++c) flags[c] = y[c] >= least[c] ? 0xFF : 0;  // never of what is not a number
    return pack_flags(flags);
}

inline u64 word_of(const Call& call, i64 r, i64 first, i64 n) {
    const Operand &y = call.operands[Y], &bound = call.operands[LEAST];
    switch (y.format) {
        case Format::i16:
            return compared(row<i16>(y, r) + first, row<i32>(bound, 0) + first, n);
        case Format::i32:
            return compared(row<i32>(y, r) + first, row<i32>(bound, 0) + first, n);
        default: {
            float values[segment];
            load_floats(y, r, first, n, values);
            return compared(values, row<float>(bound, 0) + first, n);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const i64 channels = call.operands[Y].cols;
    for (i64 r = begin; r < end; ++r) {
        u64* bits = bit_row(call.operands[BITS], r);
        for (i64 first = 0; first < channels; first += segment) {
            const i64 n =
                least(segment, channels - first);  // a whole segment is a loop whose length the compiler knows
            bits[first / segment] = n == segment ? word_of(call, r, first, segment) : word_of(call, r, first, n);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::threshold
