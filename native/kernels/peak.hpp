// How fast the micro-kernels of an instruction set are by themselves: on data that stays in the nearest cache, with
// nothing packed, gathered or stored. What the kernels are held against.
#pragma once

#include "bare_products.hpp"
#include "binary_matmul.hpp"
#include "float_product.hpp"
#include "tables_or_bytes.hpp"

namespace linocut::LINOCUT_NS::peak {

using bare::depth, bare::kept, bare::rows, bare::taken;

inline u64 xnor(u64 rounds) {
    constexpr i64 depth = least(peak::depth, 2048 / distances::word_panel);  // a panel of 16 KiB at most
    alignas(64) static u64 panel[depth * distances::word_panel], words[rows][depth];
    alignas(64) i32 products[rows][distances::columns] = {};
    constexpr int at_once = static_cast<int>(distances::rows_at_once);
    for (i64 i = 0; i < depth * distances::word_panel; ++i) panel[i] = static_cast<u64>(i) * 0x9E3779B97F4A7C15u;
    for (i64 i = 0; i < rows * depth; ++i) words[i / depth][i % depth] = static_cast<u64>(i) * 0xBF58476D1CE4E5B9u;
    for (u64 round = 0; round < rounds; ++round) {
        for (i64 r = 0; r < rows; r += at_once) {
            const u64* x[at_once];
            for (int i = 0; i < at_once; ++i) x[i] = words[r + i];
            distances::subtract_distances<at_once>(x, panel, {depth}, distances::columns, products + r);
        }
    }
    kept = products[rows - 1][0];
    return rounds * static_cast<u64>(rows * distances::columns * depth * segment);
}

inline u64 int8(u64 rounds) { return bare::bytes(rounds); }

// Gradients of 8 or 4 bits times signs, by what is faster.
template <int bits, class L = Lookups>
inline u64 signs(u64 rounds) {
    if constexpr (L::usable) {
        if (tables_are_faster<bits>()) return bare::tables_of<bits, L>(rounds);
    }
    return bare::bytes(rounds);
}

inline u64 floats(u64 rounds) {
    alignas(64) static FloatPanel panel;
    alignas(64) static float factors[rows][depth], tile[rows][float_columns];
    for (i64 i = 0; i < depth * float_columns; ++i) panel[i / float_columns][i % float_columns] = 1.0f / 1024;
    for (i64 i = 0; i < rows * depth; ++i) factors[i / depth][i % depth] = i % 2 == 0 ? 1.0f : -1.0f;
    for (i64 i = 0; i < rows * float_columns; ++i) tile[i / float_columns][i % float_columns] = 0.0f;
    for (u64 round = 0; round < rounds; ++round) multiply_tile(taken, {factors[0], depth, 1}, panel, depth, tile);
    kept = static_cast<i32>(tile[rows - 1][0]);
    return rounds * static_cast<u64>(rows * float_columns * depth);
}

}  // namespace linocut::LINOCUT_NS::peak
