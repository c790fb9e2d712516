// Element-wise instructions on float activations, all in f32: to_numbers, add, relu, channel_scale, scale_channels.
// Where no operand has bits rows do not matter: a part is a block of elements, whatever the number of channels.
#pragma once

#include "fold.hpp"

namespace linocut::LINOCUT_NS::numbers {

inline constexpr i64 block = 16 * segment;  // elements

inline i64 blocks(const Operand& operand) { return divide_up(operand.rows * operand.cols, block); }

// Calls `each(first, n)` for the segments of blocks [begin, end).
template <class Each>
inline void for_segments(const Operand& operand, i64 begin, i64 end, Each each) {
    const i64 last = least(end * block, operand.rows * operand.cols);
    for (i64 first = begin * block; first < last; first += segment) each(first, least(segment, last - first));
}

}  // namespace linocut::LINOCUT_NS::numbers

namespace linocut::LINOCUT_NS::to_numbers {

inline i64 units(const Call& call) { return numbers::blocks(call.operands[0]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &y = call.operands[1];
    numbers::for_segments(x, begin, end, [&](i64 first, i64 n) {
        const u8* in = row<u8>(x, 0) + first;
        float out[segment] = {};
        for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(2 * in[i] - 255) / 255.0f;
        store_floats(y, 0, first, n, out);
    });
}

}  // namespace linocut::LINOCUT_NS::to_numbers

namespace linocut::LINOCUT_NS::add {

inline i64 units(const Call& call) { return numbers::blocks(call.operands[2]); }

inline void run(const Call& call, i64 begin, i64 end) {
    float a[segment] = {}, b[segment] = {};
    numbers::for_segments(call.operands[2], begin, end, [&](i64 first, i64 n) {
        load_floats(call.operands[0], 0, first, n, a);
        load_floats(call.operands[1], 0, first, n, b);
        for (i64 i = 0; i < segment; ++i) a[i] += b[i];
        store_floats(call.operands[2], 0, first, n, a);
    });
}

}  // namespace linocut::LINOCUT_NS::add

namespace linocut::LINOCUT_NS::relu {

enum { X, Y, MASK };

inline i64 units(const Call& call) { return Fold::elements(call.operands[X]).of(call.operands[X]).rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold = Fold::elements(call.operands[X]);
    const Operand x = fold.of(call.operands[X]), y = fold.of(call.operands[Y]);
    const Operand& mask = call.operands[MASK];
    float values[segment] = {};
    alignas(64) u8 flags[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) flags[c] = values[c] > 0.0f ? 0xFF : 0;
        for (i64 c = 0; c < segment; ++c) values[c] = values[c] > 0.0f ? values[c] : 0.0f;
        store_floats(y, r, first, n, values);
        if (given(mask)) fold.put_bits(mask, r, first / segment, pack_flags(flags) & (~u64{0} >> (segment - n)));
    });
}

}  // namespace linocut::LINOCUT_NS::relu

// channel_scale: the mean of |w| of each output, summed in f64 one after another. A part is 8 outputs, whose sums go
// forward together: one alone would wait for each addition.
namespace linocut::LINOCUT_NS::channel_scale {

enum { WEIGHTS, SCALE };

inline constexpr i64 together = 8;

inline i64 units(const Call& call) { return divide_up(call.operands[SCALE].cols, together); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &weights = call.operands[WEIGHTS], &scale = call.operands[SCALE];
    const i64 inputs = weights.rows / scale.cols * weights.cols;
    const double one = weights.format == Format::q15 ? 32767.0 : weights.format == Format::q7 ? 127.0 : 1.0;
    float values[together][segment] = {};
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 output = unit * together, outputs = least(together, scale.cols - output);
        double sums[together] = {};
        for (i64 first = 0; first < inputs; first += segment) {
            const i64 n = least(segment, inputs - first);
            for (i64 o = 0; o < outputs; ++o) load_floats(weights, 0, (output + o) * inputs + first, n, values[o]);
            for (i64 k = 0; k < n; ++k) {
                for (i64 o = 0; o < together; ++o) sums[o] += std::fabs(values[o][k]);
            }
        }
        for (i64 o = 0; o < outputs; ++o) {
            store_float(scale, 0, output + o, static_cast<float>(sums[o] / (static_cast<double>(inputs) * one)));
        }
    }
}

}  // namespace linocut::LINOCUT_NS::channel_scale

namespace linocut::LINOCUT_NS::scale_channels {

enum { X, SCALE, Y };

inline i64 units(const Call& call) { return Fold::elements(call.operands[X]).of(call.operands[X]).rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Fold fold = Fold::elements(call.operands[X]);
    const Operand x = fold.of(call.operands[X]), y = fold.of(call.operands[Y]);
    const Operand& scale = call.operands[SCALE];
    float values[segment] = {}, factors[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, values);
        load_floats(scale, 0, first, least(n, fold.cols), factors);
        fold.repeat(factors);
        for (i64 c = 0; c < segment; ++c) values[c] *= factors[c];
        store_floats(y, r, first, n, values);
    });
}

}  // namespace linocut::LINOCUT_NS::scale_channels
