// Products as they are stored, by way of 32 bits.
#pragma once

#include "runs.hpp"

namespace linocut::LINOCUT_NS::distances {

// y[i][c] = bits - 2 distances over the words, of a whole panel.
template <int R>
inline void store_products(const u64* const* x, const u64* panel, i64 count, i16 bits, i64, i16* const* y) {
    i32 products[R][columns];
    for (int i = 0; i < R; ++i) {
        for (i32& product : products[i]) product = bits;
    }
    subtract_distances<R>(x, panel, {count}, columns, products);
    for (int i = 0; i < R; ++i) {
        for (i64 c = 0; c < columns; ++c) y[i][c] = static_cast<i16>(products[i][c]);
    }
}

}  // namespace linocut::LINOCUT_NS::distances
