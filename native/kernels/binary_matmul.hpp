// binary_matmul: y[r][n] = K - 2 popcount(x[r] ^ w[n]).
// In:    x, w: rows of 64-bit words; zero tails XOR to 0, so odd widths need no correction.
// How:   rows of w are made into panels of several outputs; several rows of x share each load of a panel
//        (simd/distances/runs.hpp).
#pragma once

#include "segments.hpp"

namespace linocut::LINOCUT_NS::binary_matmul {

inline constexpr i64 block_rows = 128;  // rows whose products are kept while the words are walked

inline i64 units(const Call& call) { return divide_up(call.operands[1].rows, distances::columns); }

template <class T>
inline void store_narrow(const i32* products, i64 n, T* out) {
    if (n == distances::columns) {  // a vector
        for (i64 c = 0; c < distances::columns; ++c) out[c] = static_cast<T>(products[c]);
    } else {
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<T>(products[c]);
    }
}

// Products [first, first + n) of a row, n <= distances::columns.
inline void store_row(const Operand& y, i64 r, i64 first, i64 n, const i32* products) {
    switch (y.format) {
        case Format::i32:
            store_narrow(products, n, row<i32>(y, r) + first);
            return;
        case Format::i16:
            store_narrow(products, n, row<i16>(y, r) + first);
            return;
        default: {
            float reals[distances::columns];
            store_narrow(products, n, reals);
            store_floats(y, r, first, n, reals);
        }
    }
}

// `first` are the outputs of a whole panel, which has all words: products are stored as they are done.
inline void store_whole_panel(const Operand& x, const u64* panel, i64 first, const Operand& y) {
    constexpr int at_once = static_cast<int>(distances::rows_at_once);
    const i64 total = words(x.cols);
    const i16 bits = static_cast<i16>(x.cols);
    i64 r = 0;
    for (; r + at_once <= x.rows; r += at_once) {
        const u64* from[at_once];
        i16* to[at_once];
        for (i64 i = 0; i < at_once; ++i) {
            from[i] = bit_row(x, r + i);
            to[i] = row<i16>(y, r + i) + first;
        }
        distances::store_products<at_once>(from, panel, total, bits, distances::columns, to);
    }
    for (; r < x.rows; ++r) {
        const u64* from[1] = {bit_row(x, r)};
        i16* to[1] = {row<i16>(y, r) + first};
        distances::store_products<1>(from, panel, total, bits, distances::columns, to);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[0], &weights = call.operands[1], &y = call.operands[2];
    const i64 total = words(x.cols);
    Workspace space(call);
    auto& panel = space.take<u64[distances::chunk_words * distances::word_panel]>();
    auto& products = space.take<i32[block_rows][distances::columns]>();
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit * distances::columns, n = least(distances::columns, weights.rows - first);
        if (total <= distances::chunk_words) distances::pack_panel(weights, first, 0, total, panel);
        if (total <= distances::chunk_words && n == distances::columns && y.format == Format::i16) {
            store_whole_panel(x, panel, first, y);
            continue;
        }
        for (i64 base = 0; base < x.rows; base += block_rows) {
            const i64 rows = least(block_rows, x.rows - base);
            for (i64 r = 0; r < rows; ++r) {
                for (i32& product : products[r]) product = static_cast<i32>(x.cols);
            }
            for (i64 word = 0; word < total; word += distances::chunk_words) {
                const i64 count = least(distances::chunk_words, total - word);
                if (total > distances::chunk_words) distances::pack_panel(weights, first, word, count, panel);
                i64 r = 0;
                for (; r + distances::rows_at_once <= rows; r += distances::rows_at_once) {
                    const u64* from[distances::rows_at_once];
                    for (i64 i = 0; i < distances::rows_at_once; ++i) from[i] = bit_row(x, base + r + i) + word;
                    distances::subtract_distances<distances::rows_at_once>(from, panel, {count}, n, products + r);
                }
                for (; r < rows; ++r) {
                    const u64* from[1] = {bit_row(x, base + r) + word};
                    distances::subtract_distances<1>(from, panel, {count}, n, products + r);
                }
            }
            for (i64 r = 0; r < rows; ++r) store_row(y, base + r, first, n, products[r]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::binary_matmul
