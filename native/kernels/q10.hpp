// Q5.10: how it rounds and saturates, tanh and sigmoid by pieces of lines; the twin of src/linocut/ops/q10.py and
// src/linocut/ops/q10_functions.py.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS::q10 {

inline constexpr int point = 10;
inline constexpr i32 one = 1 << point, lowest = -32768, highest = 32767;

template <class T>
inline T shifted(T value, int bits) {
    return bits == 0 ? value : (value + (T{1} << (bits - 1))) >> bits;
}
inline i32 saturated(i32 value) { return clamp(value, lowest, highest); }
inline i32 saturated(i64 value) { return static_cast<i32>(clamp<i64>(value, lowest, highest)); }

inline constexpr int chords = 22;

// Tanh and sigmoid of one number, and of 64 at once, in loops that become vectors: tables of 32 bits can be gathered.
struct Functions {
    bool paper;

    i32 tanh(i32 v) const { return paper ? tanh_by_chords(v) : by_knots(v); }
    i32 sigmoid(i32 v) const { return paper ? sigmoid_by_chords(v) : sigmoid_by_knots(v); }

    void tanh(i32* values) const {
        if (paper) {
            for (i64 i = 0; i < segment; ++i) values[i] = tanh_by_chords(values[i]);
        } else {
            for (i64 i = 0; i < segment; ++i) values[i] = by_knots(values[i]);
        }
    }
    void sigmoid(i32* values) const {
        if (paper) {
            for (i64 i = 0; i < segment; ++i) values[i] = sigmoid_by_chords(values[i]);
        } else {
            for (i64 i = 0; i < segment; ++i) values[i] = sigmoid_by_knots(values[i]);
        }
    }

  private:
    static i32 tanh_by_chords(i32 v) { return by_chords(v, tanh_slopes, tanh_intercepts, v * 10 >> 12); }
    static i32 sigmoid_by_chords(i32 v) { return by_chords(v, sigmoid_slopes, sigmoid_intercepts, v >> 9); }
    static i32 sigmoid_by_knots(i32 v) { return (one + by_knots((v + 1) >> 1) + 1) >> 1; }
    static i32 by_knots(i32 v) {
        const i32 size = least(v < 0 ? -v : v, 4096), at = least(size >> 7, 31);
        const i32 height = knots[at] + (((knots[at + 1] - knots[at]) * (size - (at << 7)) + 64) >> 7);
        return v < 0 ? -height : height;
    }
    static i32 by_chords(i32 v, const i32* slopes, const i32* intercepts, i32 place) {
        const i32 at = clamp(place + chords / 2 + 1, 0, chords + 1);
        return shifted(slopes[at] * v, point) + intercepts[at];
    }

    static constexpr i32 knots[33] = {0,    127,  251,  367,  473,  568,  650,  721,  780,  829,  869,
                                      901,  927,  948,  964,  977,  987,  995,  1001, 1006, 1010, 1013,
                                      1016, 1018, 1019, 1020, 1021, 1022, 1022, 1023, 1023, 1023, 1024};
    static constexpr i32 tanh_slopes[24] = {0,   2,   2,   5,   10,  23, 50, 108, 225, 434, 727, 973,
                                            973, 727, 434, 225, 108, 50, 23, 10,  5,   2,   2,   0};
    static constexpr i32 tanh_intercepts[24] = {-1024, -1016, -1015, -1006, -987, -952, -887, -770,
                                                -583,  -333,  -98,   0,     0,    98,   333,  583,
                                                770,   887,   952,   987,   1006, 1015, 1016, 1024};
    static constexpr i32 sigmoid_slopes[24] = {0,   14,  9,   14,  23, 37, 58, 89, 129, 177, 222, 251,
                                               251, 222, 177, 129, 89, 58, 37, 23, 14,  9,   14,  0};
    static constexpr i32 sigmoid_intercepts[24] = {0,   75,  51,  76,  111, 160, 223, 300, 381, 453, 498, 512,
                                                   512, 526, 571, 643, 724, 801, 864, 913, 948, 973, 949, 1024};
};

}  // namespace linocut::LINOCUT_NS::q10
