// Levels of k bits in k planes of packed bits, the most significant first (src/linocut/ops/levels.py).
#pragma once

#include "fold.hpp"

namespace linocut::LINOCUT_NS::level_planes {

inline constexpr int most_planes = 4;
inline constexpr i64 most_boundaries = 15;

// The planes of an instruction whose operands they are, side by side from `first` on.
struct Planes {
    const Operand* operands;
    int count;

    Planes(const Call& call, int first) : operands(call.operands + first), count(1) {
        while (count < most_planes && given(operands[count])) ++count;
    }

    // The codes of 64 elements of a row.
    void codes(const Fold& fold, i64 r, i64 word, u8* found) const {
        std::memset(found, 0, segment);
        for (int plane = 0; plane < count; ++plane) {
            alignas(64) u8 bits[segment];
            expand_bits(fold.bits(operands[plane], r, word), bits);
            for (i64 c = 0; c < segment; ++c) found[c] = static_cast<u8>(2 * found[c] + bits[c]);
        }
    }

    // Those of them that `counting` has.
    void store(const Fold& fold, i64 r, i64 word, const u8* codes, u64 counting) const {
        for (int plane = 0; plane < count; ++plane) {
            const u8 bit = static_cast<u8>(1 << (count - 1 - plane));
            alignas(64) u8 flags[segment];
            for (i64 c = 0; c < segment; ++c) flags[c] = codes[c] & bit ? 0xFF : 0;
            fold.put_bits(operands[plane], r, word, pack_flags(flags) & counting);
        }
    }
};

inline i64 largest(int planes) { return (i64{1} << planes) - 1; }

// Boundary `code` of levels, where `one` counts as 1: the next code is from there on.
inline double boundary(int planes, i64 code, double one) {
    const i64 n = largest(planes);
    return static_cast<double>(2 * (code + 1) - (n + 1)) * one / static_cast<double>(n);
}

// Whether a boundary is the next code's: the even one of two that are as near.
inline bool includes(i64 code) { return code % 2 == 1; }

// The least integer of each code above 0, where `one` stands for 1.
inline i32 whole_boundary(int planes, i64 code, double one) {
    const double bound = boundary(planes, code, one);
    return static_cast<i32>(includes(code) ? std::ceil(bound) : std::floor(bound) + 1.0);
}

// The next float above one that is not 0.
inline float next_above(float value) {
    u32 bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits += value > 0.0f ? 1u : ~0u;
    std::memcpy(&value, &bits, sizeof bits);
    return value;
}

// The least float of each code above 0.
inline float float_boundary(int planes, i64 code, double one) {
    const double bound = boundary(planes, code, one);
    const float near = static_cast<float>(bound);
    return static_cast<double>(near) >= bound ? near : next_above(near);
}

}  // namespace linocut::LINOCUT_NS::level_planes
