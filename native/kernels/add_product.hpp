// add_product: y <- y + times part (src/linocut/ops/add_product.py). A part is a block of elements.
#pragma once

#include "numbers.hpp"

namespace linocut::LINOCUT_NS::add_product {

inline i64 units(const Call& call) { return numbers::blocks(call.operands[0]); }

// Wide: what sums of T are formed in; those of integers wrap.
template <class T, class Wide>
inline void add(const Call& call, i64 begin, i64 end) {
    const Operand &y = call.operands[0], &part = call.operands[1];
    const Wide times = static_cast<Wide>(call.attributes[0]);
    const i64 first = begin * numbers::block, last = least(end * numbers::block, y.rows * y.cols);
    T* to = row<T>(y, 0);
    const T* from = row<T>(part, 0);
    for (i64 i = first; i < last; ++i) {
        to[i] = static_cast<T>(static_cast<Wide>(to[i]) + times * static_cast<Wide>(from[i]));
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    switch (call.operands[0].format) {
        case Format::i16:
            return add<i16, u32>(call, begin, end);
        case Format::i32:
            return add<i32, u32>(call, begin, end);
        default:
            return add<float, float>(call, begin, end);
    }
}

}  // namespace linocut::LINOCUT_NS::add_product
