// Beside the cells of a recurrent network in Q5.10 (src/linocut/ops/q10_frames.py).
#pragma once

#include "q10.hpp"

// q10_quantise: y = sat(rint(1024 x)). A part is a row.
namespace linocut::LINOCUT_NS::q10_quantise {

inline i64 units(const Call& call) { return call.operands[0].rows; }

// The nearest whole number, of two the even one.
inline i32 nearest(double value) {
    const double below = std::floor(value), beyond = value - below;
    const i32 whole = static_cast<i32>(below);
    return whole + (beyond > 0.5 || (beyond == 0.5 && (whole & 1) != 0));
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &y = call.operands[1];
    for (i64 at = begin * x.cols; at < end * x.cols; ++at) {
        const float value = row<float>(x, 0)[at];
        const double scaled = static_cast<double>(value) * q10::one;
        const double held = value != value ? 0.0 : clamp<double>(scaled, q10::lowest, q10::highest);
        row<i16>(y, 0)[at] = static_cast<i16>(nearest(held));
    }
}

}  // namespace linocut::LINOCUT_NS::q10_quantise

// q10_add: y = sat(a + b). A part is a row.
namespace linocut::LINOCUT_NS::q10_add {

inline i64 units(const Call& call) { return call.operands[0].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const i64 cols = call.operands[0].cols;
    const i16 *a = row<i16>(call.operands[0], 0), *b = row<i16>(call.operands[1], 0);
    i16* y = row<i16>(call.operands[2], 0);
    for (i64 at = begin * cols; at < end * cols; ++at) y[at] = static_cast<i16>(q10::saturated(a[at] + b[at]));
}

}  // namespace linocut::LINOCUT_NS::q10_add

// q10_frame_sums: the sum over the frames of each sequence. A part is a sequence.
namespace linocut::LINOCUT_NS::q10_frame_sums {

inline i64 units(const Call& call) { return call.operands[2].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &lengths = call.operands[1], &sums = call.operands[2];
    const i64 frames = x.shape[1];
    for (i64 b = begin; b < end; ++b) {
        const i64 ends = given(lengths) ? least<i64>(row<i32>(lengths, 0)[b], frames) : frames;
        u32* sum = row<u32>(sums, b);
        if (call.attributes[0] != 0) std::memset(sum, 0, static_cast<std::size_t>(sums.cols) * sizeof(u32));
        for (i64 t = 0; t < ends; ++t) {
            const i16* frame = row<i16>(x, b * frames + t);
            for (i64 c = 0; c < sums.cols; ++c) sum[c] += static_cast<u32>(frame[c]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::q10_frame_sums

// q10_last: the last frame of each sequence. A part is a sequence.
namespace linocut::LINOCUT_NS::q10_last {

inline i64 units(const Call& call) { return call.operands[2].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &lengths = call.operands[1], &y = call.operands[2];
    const i64 frames = x.shape[1];
    const std::size_t bytes = static_cast<std::size_t>(y.cols) * sizeof(i16);
    for (i64 b = begin; b < end; ++b) {
        const i64 ends = given(lengths) ? clamp<i64>(row<i32>(lengths, 0)[b], 0, frames) : frames;
        if (ends > 0) {
            std::memcpy(row<i16>(y, b), row<i16>(x, b * frames + ends - 1), bytes);
        } else {
            std::memset(row<i16>(y, b), 0, bytes);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::q10_last

// q10_outputs: a dense layer over frames, or over sums of them, divided once. A part is a row.
namespace linocut::LINOCUT_NS::q10_outputs {

enum { X, FRAMES, WEIGHTS, BIAS, Y };

inline constexpr i64 most_frames = 65535;

inline i64 floor_of_quotient(i64 a, i64 b) { return a / b - (a % b < 0); }

inline i64 units(const Call& call) { return call.operands[X].rows; }

template <class T>
inline i64 dot(const T* x, const i16* weights, i64 n) {
    i64 sum = 0;
    for (i64 c = 0; c < n; ++c) sum += static_cast<i64>(x[c]) * weights[c];
    return sum;
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &frames = call.operands[FRAMES], &weights = call.operands[WEIGHTS];
    const Operand &bias = call.operands[BIAS], &y = call.operands[Y];
    const int bits = static_cast<int>(call.attributes[0]);
    for (i64 r = begin; r < end; ++r) {
        const i64 count = given(frames) ? clamp<i64>(row<i32>(frames, 0)[r], 1, most_frames) : 1;
        const i64 by = count << bits;
        for (i64 o = 0; o < y.cols; ++o) {
            const i16* from = row<i16>(weights, o);
            const i64 sum =
                x.format == Format::i16 ? dot(row<i16>(x, r), from, x.cols) : dot(row<i32>(x, r), from, x.cols);
            const i64 total = sum + row<i16>(bias, 0)[o] * (i64{1} << bits) * count;
            const i64 found = floor_of_quotient(2 * total + by, 2 * by);
            const i32 held = static_cast<i32>(clamp<i64>(found, -0x7FFFFFFF - 1, 0x7FFFFFFF));
            if (y.format == Format::i32)
                row<i32>(y, r)[o] = held;
            else
                row<float>(y, r)[o] = static_cast<float>(held) / static_cast<float>(q10::one);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::q10_outputs
