// Sums of products of floats as in float_product.hpp, the same bits on every machine: each product is rounded, then added, one
// summed index after the other.
#pragma once

#include "float_product.hpp"

namespace linocut::LINOCUT_NS {

// No fused multiply-add: the compiler makes none of its own (-ffp-contract=off in CMakeLists.txt).
template <int M>
inline void exact_block(FloatRows rows, const FloatPanel& panel, i64 count, float (*tile)[float_columns]) {
    for (i64 c = 0; c < float_columns; c += vectors_at_once * lanes) {
        Vector sums[M][vectors_at_once];
        for (int m = 0; m < M; ++m) {
            for (int v = 0; v < vectors_at_once; ++v) sums[m][v] = load_vector(tile[m] + c + v * lanes);
        }
        for (i64 r = 0; r < count; ++r) {
            Vector columns[vectors_at_once];
            for (int v = 0; v < vectors_at_once; ++v) columns[v] = load_vector(panel[r] + c + v * lanes);
            for (int m = 0; m < M; ++m) {
                const Vector a = splat(rows.data[m * rows.row_stride + r * rows.sum_stride]);
                for (int v = 0; v < vectors_at_once; ++v) sums[m][v] = sums[m][v] + a * columns[v];
            }
        }
        for (int m = 0; m < M; ++m) {
            for (int v = 0; v < vectors_at_once; ++v) std::memcpy(tile[m] + c + v * lanes, &sums[m][v], sizeof(Vector));
        }
    }
}

inline void exact_tile(i64 rows_count, FloatRows rows, const FloatPanel& panel, i64 count, float (*tile)[float_columns]) {
    const auto from = [&](i64 m) { return FloatRows{rows.data + m * rows.row_stride, rows.row_stride, rows.sum_stride}; };
    i64 m = 0;
    for (; m + float_rows_at_once <= rows_count; m += float_rows_at_once) {
        exact_block<float_rows_at_once>(from(m), panel, count, tile + m);
    }
    for (; m < rows_count; ++m) exact_block<1>(from(m), panel, count, tile + m);
}

}  // namespace linocut::LINOCUT_NS
