// Sums of products of floats in tiles, for the policies whose arithmetic is floating point.
//
//   tile[m][c] += sum over r of rows(m, r) * panel(r, c)
//
// rows(m, r) is data[m * row_stride + r * sum_stride]. Exact: every product is rounded, then added, in the order of r:
// the same bits on every instruction set (the compiler fuses none: -ffp-contract=off in CMakeLists.txt). Otherwise a
// fused multiply-add is used where there is one: results agree between sets to rounding.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 float_columns = segment;
inline constexpr i64 float_rows = 128;
inline constexpr i64 float_chunk = 128;  // summed index at a time: a panel of 32 KiB
inline constexpr i64 few_columns = 16;   // as many as one vector of the widest set

using FloatTile = float[float_rows][float_columns];
using FloatPanel = float[float_chunk][float_columns];

struct FloatRows {
    const float* data;
    i64 row_stride;
    i64 sum_stride;
};

// A panel where it lies, in a matrix; elsewhere its rows are arrays, one after another.
struct PanelInPlace {
    const float* data;
    i64 stride;

    const float* operator[](i64 r) const { return data + r * stride; }
};

// Vector, splat, multiply_add and how many go together are the instruction set's (simd/floats/).
inline constexpr i64 lanes = sizeof(Vector) / sizeof(float);

inline Vector load_vector(const float* from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

// M rows, V vectors of columns at a time, up to the column `until`.
template <int M, int V, bool Exact, class Panel>
inline void multiply_block(FloatRows rows, Panel panel, i64 count, i64 until, float (*tile)[float_columns]) {
    for (i64 c = 0; c < until; c += V * lanes) {
        Vector sums[M][V];
        unrolled<V * M>([&](auto i) { sums[i / V][i % V] = load_vector(tile[i / V] + c + i % V * lanes); });
        for (i64 r = 0; r < count; ++r) {
            Vector columns[V];
            unrolled<V>([&](auto v) { columns[v] = load_vector(panel[r] + c + v * lanes); });
            unrolled<M>([&](auto m) {
                const Vector a = splat(rows.data[m * rows.row_stride + r * rows.sum_stride]);
                unrolled<V>([&](auto v) {
                    sums[m][v] = Exact ? sums[m][v] + a * columns[v] : multiply_add(a, columns[v], sums[m][v]);
                });
            });
        }
        unrolled<V * M>(
            [&](auto i) { std::memcpy(tile[i / V] + c + i % V * lanes, &sums[i / V][i % V], sizeof(Vector)); });
    }
}

template <int M, int V, bool Exact, class Panel>
inline void multiply_rest(i64 left, FloatRows rows, Panel panel, i64 count, i64 columns, float (*tile)[float_columns]) {
    if constexpr (M > 0) {
        if (left == M) {
            multiply_block<M, V, Exact>(rows, panel, count, columns, tile);
        } else {
            multiply_rest<M - 1, V, Exact>(left, rows, panel, count, columns, tile);
        }
    }
}

template <int M, int V, bool Exact, class Panel>
inline void multiply_rows(i64 rows_count, FloatRows rows, Panel panel, i64 count, i64 columns,
                          float (*tile)[float_columns]) {
    const auto from = [&](i64 m) {
        return FloatRows{rows.data + m * rows.row_stride, rows.row_stride, rows.sum_stride};
    };
    i64 m = 0;
    for (; m + M <= rows_count; m += M) multiply_block<M, V, Exact>(from(m), panel, count, columns, tile + m);
    multiply_rest<M - 1, V, Exact>(rows_count - m, from(m), panel, count, columns, tile + m);
}

// Columns beyond `columns` need not be formed: of an image's three channels one vector is enough, for more rows at
// once.
template <bool Exact = false, class Panel>
inline void multiply_tile(i64 rows_count, FloatRows rows, Panel panel, i64 count, float (*tile)[float_columns],
                          i64 columns = float_columns) {
    constexpr i64 at_once = vectors_at_once * lanes;
    if (columns <= lanes) {
        multiply_rows<2 * float_rows_at_once, 1, Exact>(rows_count, rows, panel, count, lanes, tile);
    } else if (vectors_at_once == 4 && columns <= 2 * lanes) {
        multiply_rows<2 * float_rows_at_once, 2, Exact>(rows_count, rows, panel, count, 2 * lanes, tile);
    } else {
        const i64 until = least(float_columns, divide_up(columns, at_once) * at_once);
        multiply_rows<float_rows_at_once, vectors_at_once, Exact>(rows_count, rows, panel, count, until, tile);
    }
}

// How many columns of a panel multiply_tile reads at most, of which `columns` count.
inline i64 columns_read(i64 columns) {
    static_assert(lanes <= few_columns && few_columns % lanes == 0);
    return columns <= few_columns ? few_columns : float_columns;
}

// Where a factor of 0 stands for what is left out: 0 times an infinity is no 0.
// Columns beyond `columns` are 0.
inline bool all_finite(const FloatPanel& panel, i64 count, i64 columns = float_columns) {
    // Adding one to an exponent of ones carries to the sign. In vectors, as GCC 12 makes none of the loop by itself.
    typedef u32 Bits [[gnu::vector_size(few_columns * sizeof(u32))]];
    constexpr u32 exponent = 0x7F80'0000, one = 0x0080'0000, carry = 0x8000'0000;
    Bits found = {};
    for (i64 i = 0; i < count; ++i) {
        for (i64 c = 0; c < columns_read(columns); c += few_columns) {
            Bits bits;
            std::memcpy(&bits, panel[i] + c, sizeof bits);
            found |= (bits & exponent) + one;
        }
    }
    u32 any = 0;
    for (i64 k = 0; k < few_columns; ++k) any |= found[k];
    return (any & carry) == 0;
}

// A part of a float matrix, rows [first_row, ...) and columns [first_column, ...), as floats: in place for f32,
// converted into `scratch` (of at least float_rows * float_chunk) for f16.
inline FloatRows float_part(const Operand& from, i64 first_row, i64 rows, i64 first_column, i64 columns,
                            float* scratch) {
    if (from.format == Format::f32) return {row<float>(from, first_row) + first_column, from.cols, 1};
    for (i64 r = 0; r < rows; ++r) {
        for (i64 c = 0; c < columns; c += segment) {
            load_floats(from, first_row + r, first_column + c, least(segment, columns - c), scratch + r * columns + c);
        }
    }
    return {scratch, columns, 1};
}

inline FloatRows transposed(FloatRows rows) { return {rows.data, rows.sum_stride, rows.row_stride}; }

// A product of `rows` rows with 64 columns, of `depth` summands each: factors(row, rows, first, count) are those of the
// summed index [first, first + count), pack(first, count, panel) makes their panel, store(row, rows, tile) takes sums.
template <bool Exact = false, class Factors, class Pack, class Store>
inline void multiply_by_panels(i64 rows, i64 depth, Workspace space, const Factors& factors, const Pack& pack,
                               const Store& store) {
    auto& panel = space.take<FloatPanel>();
    auto& tile = space.take<FloatTile>();
    for (i64 base = 0; base < rows; base += float_rows) {
        const i64 some = least(float_rows, rows - base);
        std::memset(tile, 0, static_cast<std::size_t>(some) * sizeof tile[0]);
        for (i64 first = 0; first < depth; first += float_chunk) {
            const i64 count = least(float_chunk, depth - first);
            pack(first, count, panel);
            multiply_tile<Exact>(some, factors(base, some, first, count), panel, count, tile);
        }
        store(base, some, tile);
    }
}

}  // namespace linocut::LINOCUT_NS
