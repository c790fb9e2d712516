// How fast the micro-kernels of an instruction set are by themselves: on data that stays in the nearest cache, with
// nothing packed, gathered or stored. What the kernels are held against.
#pragma once

#include "binary_matmul.hpp"
#include "dot8.hpp"
#include "float_product.hpp"
#include "lookup.hpp"

namespace linocut::LINOCUT_NS::peak {

inline constexpr i64 depth = 64;  // of the summed index: words, groups or floats
inline constexpr i64 rows = 24;   // a multiple of what every micro-kernel takes at once

// What a compiler can neither leave out nor know.
inline volatile i32 kept;
inline volatile i64 taken = rows;

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

inline u64 int8(u64 rounds) {
    alignas(64) static Panel panel;
    alignas(64) static u8 bits[depth][rows][4];
    alignas(64) static i32 tile[rows][tile_columns];
    std::memset(panel, 3, sizeof panel);
    std::memset(bits, 1, sizeof bits);
    std::memset(tile, 0, sizeof tile);
    for (u64 round = 0; round < rounds; ++round) {
        dot_tile<Signed::panel, Range::bits>(taken, {bits[0][0], 4, sizeof bits[0]}, panel, depth, AsTheyAre{false},
                                             tile);
    }
    kept = tile[rows - 1][0];
    return rounds * static_cast<u64>(rows * tile_columns * depth * 4);
}

template <int Digits, class L>
inline u64 tables(u64 rounds) {
    constexpr i64 groups = least<i64>(120, L::template most_groups<Digits>), together = L::rows_at_once;
    alignas(64) static u8 tables[together][Digits][groups][L::bytes];
    alignas(64) static typename L::Signs panel[groups][segment];
    alignas(64) static i32 tile[together][segment];
    std::memset(tables, 3, sizeof tables);
    std::memset(panel, 5, sizeof panel);
    const auto at = [](i64 m) { return tables[m][0][0]; };
    const lookups::Run run{0, 0};
    for (u64 round = 0; round < rounds; ++round) {
        const lookups::Column column{reinterpret_cast<const u8*>(panel[0]), tile};
        lookups::add_rows<L, Digits, L::bytes>(least<i64>(taken, together), at, groups * L::bytes, {&run, 1, groups},
                                               &column, 1, true);
    }
    kept = tile[together - 1][0];
    return rounds * static_cast<u64>(together * segment * groups * L::inputs);
}

// Gradients of 8 or 4 bits times signs: by tables where the set has them, else as bytes.
template <int bits, class L = Lookups>
inline u64 signs(u64 rounds) {
    if constexpr (L::usable) {
        if constexpr (bits == 4) return tables<1, L>(rounds);
        return tables<L::digits_of_bytes, L>(rounds);
    }
    return int8(rounds);
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
