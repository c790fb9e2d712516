// Words of complex bits as sets with counts of bits take them: a word of x is (re, im, re ^ im), one of a panel the wr
// of its outputs, then their wr ^ wi.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS::complex_bits {

inline constexpr i64 x_words = 3;
inline constexpr i64 word_panel = 32;

inline void put_x(u64 re, u64 im, u64* out) {
    out[0] = re;
    out[1] = im;
    out[2] = re ^ im;
}

// The words of 16 outputs.
inline void put_panel(const u64* wr, const u64* chosen, u64* out) {
    std::memcpy(out, wr, 16 * sizeof(u64));
    std::memcpy(out + 16, chosen, 16 * sizeof(u64));
}

}  // namespace linocut::LINOCUT_NS::complex_bits
