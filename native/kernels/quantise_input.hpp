// quantise_input: floats in [low, high] to u8 codes.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::quantise_input {

inline i64 units(const Call& call) { return call.operands[0].rows; }

// Rows may be short, as pixels of few channels are: elements of many go one after another.
inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &codes = call.operands[1];
    const double low = call.attributes[0], scale = 255.0 / (call.attributes[1] - low);
    const Operand all{x.data, x.format, 1, x.rows * x.cols, nullptr};
    float in[segment] = {};
    for (i64 first = begin * x.cols; first < end * x.cols; first += segment) {
        const i64 n = least(segment, end * x.cols - first);
        load_floats(all, 0, first, n, in);
        alignas(64) u8 out[segment];
        for (i64 c = 0; c < segment; ++c) {
            const double scaled = (static_cast<double>(in[c]) - low) * scale + 0.5;
            out[c] = static_cast<u8>(static_cast<i32>(clamp(scaled, 0.0, 255.0)));
        }
        std::memcpy(row<u8>(codes, 0) + first, out, static_cast<std::size_t>(n));
    }
}

}  // namespace linocut::LINOCUT_NS::quantise_input
