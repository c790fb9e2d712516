// complex_threshold: the signs of lines through both parts of complex channels, in integers of 64 bits
// (src/linocut/ops/complex_threshold.py). A part is a row.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::complex_threshold {

enum { Y, FACTORS, SHIFT, BITS };

inline i64 units(const Call& call) { return call.operands[Y].rows; }

// What tells the signs of 64 elements of a row, whose first is that of `first`: of one part, or of both.
struct Lines {
    i64 n, first, half;
    i32 of_re[segment] = {}, of_im[segment] = {};
    i64 shift[segment] = {};

    Lines(const Call& call, i64 from) : first(from), half(call.operands[FACTORS].cols) {
        n = least(segment, call.operands[Y].cols - first);
        std::memcpy(shift, row<i64>(call.operands[SHIFT], 0) + first, static_cast<std::size_t>(n) * sizeof(i64));
        each_run([&](i64 at, i64 part, i64 channel, i64 count) {
            copy(call.operands[FACTORS], 2 * part, channel, count, of_re + at);
            copy(call.operands[FACTORS], 2 * part + 1, channel, count, of_im + at);
        });
    }

    // visit(place in the segment, part, channel, how many) for channels that follow each other.
    template <class Visit>
    void each_run(const Visit& visit) const {
        for (i64 at = 0; at < n;) {
            const i64 part = (first + at) / half, channel = first + at - part * half,
                      count = least(n - at, half - channel);
            visit(at, part, channel, count);
            at += count;
        }
    }

    static void copy(const Operand& from, i64 r, i64 begin, i64 count, i32* to) {
        std::memcpy(to, row<i32>(from, r) + begin, static_cast<std::size_t>(count) * sizeof(i32));
    }

    // Of a row. What lies in one part is read where it lies, in a loop whose length the compiler knows.
    template <class T>
    u64 signs(const T* y) const {
        const i64 channel = first < half ? first : first - half;
        if (n == segment && channel + segment <= half) return above(y + channel, y + half + channel);
        T re[segment] = {}, im[segment] = {};
        each_run([&](i64 at, i64, i64 from, i64 count) {
            std::memcpy(re + at, y + from, static_cast<std::size_t>(count) * sizeof(T));
            std::memcpy(im + at, y + half + from, static_cast<std::size_t>(count) * sizeof(T));
        });
        return above(re, im) & (n == segment ? ~u64{0} : (u64{1} << n) - 1);
    }

    template <class T>
    u64 above(const T* re, const T* im) const {
        alignas(64) u8 flags[segment];
        for (i64 c = 0; c < segment; ++c) {
            const i64 a = i64{of_re[c]} * i64{re[c]}, b = i64{of_im[c]} * i64{im[c]};
            const u64 sum = static_cast<u64>(a) + static_cast<u64>(b) + static_cast<u64>(shift[c]);
            flags[c] = static_cast<i64>(sum) >= 0 ? 0xFF : 0;
        }
        return pack_flags(flags);
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &y = call.operands[Y], &bits = call.operands[BITS];
    for (i64 first = 0; first < y.cols; first += segment) {
        const Lines lines(call, first);
        for (i64 r = begin; r < end; ++r) {
            bit_row(bits, r)[first / segment] =
                y.format == Format::i16 ? lines.signs(row<i16>(y, r)) : lines.signs(row<i32>(y, r));
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_threshold
