// copy: the packed bits of one buffer in another (src/linocut/ops/copy.py). A part is a block of words.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS::copy {

enum { X, Y };

inline constexpr i64 words_per_unit = 8192;

inline i64 words_of(const Operand& bits) { return bits.rows * words(bits.cols); }

inline i64 units(const Call& call) { return divide_up(words_of(call.operands[X]), words_per_unit); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const i64 first = begin * words_per_unit, last = least(end * words_per_unit, words_of(x));
    std::memcpy(bit_row(y, 0) + first, bit_row(x, 0) + first, static_cast<std::size_t>(last - first) * sizeof(u64));
}

}  // namespace linocut::LINOCUT_NS::copy
