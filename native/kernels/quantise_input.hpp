// quantise_input: floats in [low, high] to u8 codes.
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::quantise_input {

inline i64 units(const Call& call) { return call.operands[0].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &codes = call.operands[1];
    const double low = call.attributes[0], scale = 255.0 / (call.attributes[1] - low);
    float in[segment] = {};
    each_segment(x, begin, end, [&](i64 r, i64 first, i64 n) {
        load_floats(x, r, first, n, in);
        u8* out = row<u8>(codes, r) + first;
        for (i64 c = 0; c < n; ++c) {
            const double scaled = (static_cast<double>(in[c]) - low) * scale + 0.5;
            out[c] = static_cast<u8>(std::floor(clamp(scaled, 0.0, 255.0)));
        }
    });
}

}  // namespace linocut::LINOCUT_NS::quantise_input
