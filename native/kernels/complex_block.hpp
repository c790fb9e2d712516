// complex_block: rows of complex channels [re | im] as [re | -im], then as [im | re]; complex_parts: their real parts,
// then the imaginary ones (src/linocut/ops/complex_block.py). A part is a row of x, of which two of y are made.
#pragma once

#include "copy_channels.hpp"

namespace linocut::LINOCUT_NS::complex_block {

enum { X, Y };

inline i64 units(const Call& call) { return call.operands[X].rows; }

// A row of bits whose first half is that of x from `first` on, 0 or half of its channels, and whose second is the other
// or, of a conjugate, its second one negated.
inline void put_bits(const u64* from, i64 cols, i64 first, bool negated, u64* to) {
    const i64 half = cols / 2, count = words(cols);
    for (i64 word = 0; word < count; ++word) {
        const i64 at = word * segment;
        const u64 low = copy_channels::bits_within(at, 0, half), high = copy_channels::bits_within(at, half, cols);
        const u64 real = copy_channels::bits_at(from, count, at + first);
        const u64 other = copy_channels::bits_at(from, count, at - first);
        to[word] = (real & low) | ((negated ? ~other : other) & high);
    }
}

template <class T, class Negate>
inline void put_elements(const Call& call, i64 r, const Negate& negate) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 half = x.cols / 2;
    const T* from = row<T>(x, r);
    T *conjugate = row<T>(y, r), *turned = row<T>(y, x.rows + r);
    const std::size_t bytes = static_cast<std::size_t>(half) * sizeof(T);
    std::memcpy(conjugate, from, bytes);
    for (i64 c = 0; c < half; ++c) conjugate[half + c] = negate(from[half + c]);
    std::memcpy(turned, from + half, bytes);
    std::memcpy(turned + half, from, bytes);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    for (i64 r = begin; r < end; ++r) {
        switch (x.format) {
            case Format::bit:
                put_bits(bit_row(x, r), x.cols, 0, true, bit_row(y, r));
                put_bits(bit_row(x, r), x.cols, x.cols / 2, false, bit_row(y, x.rows + r));
                break;
            case Format::u8:
                put_elements<u8>(call, r, [](u8 byte) { return static_cast<u8>(255 - byte); });
                break;
            case Format::f16:
                put_elements<u16>(call, r, [](u16 number) { return static_cast<u16>(number ^ 0x8000); });
                break;
            default:
                put_elements<float>(call, r, [](float number) { return -number; });
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_block

namespace linocut::LINOCUT_NS::complex_parts {

enum { X, Y };

inline i64 units(const Call& call) { return call.operands[X].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    for (i64 r = begin; r < end; ++r) {
        for (i64 half = 0; half < 2; ++half) {
            // A row of y is one of an operand that begins so many rows later.
            const i64 to = half * x.rows + r;
            const double attributes[] = {static_cast<double>(half * y.cols), 0.0, static_cast<double>(y.cols), 1.0};
            const copy_channels::Range range(attributes);
            if (y.format == Format::bit) {
                copy_channels::copy_bits(x, y, range, r, to);
            } else if (y.format == Format::i4) {
                copy_channels::copy_nibbles(x, y, range, r, to);
            } else {
                copy_channels::copy_elements(x, y, range, r, to);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_parts
