// The micro-kernels of gradients by themselves: on data that stays in the nearest cache, with nothing packed, gathered
// or stored. Each does so many rounds, and returns how many multiplications these were.
#pragma once

#include "dot8.hpp"
#include "lookup.hpp"

namespace linocut::LINOCUT_NS::bare {

inline constexpr i64 depth = 64;  // of the summed index: words, groups or floats
inline constexpr i64 rows = 24;   // a multiple of what every micro-kernel takes at once

// What a compiler can neither leave out nor know.
inline volatile i32 kept;
inline volatile i64 taken = rows;

inline u64 bytes(u64 rounds) {
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

// Of gradients of 8 or 4 bits.
template <int bits, class L = Lookups>
inline u64 tables_of(u64 rounds) {
    if constexpr (bits == 4) return tables<1, L>(rounds);
    return tables<L::digits_of_bytes, L>(rounds);
}

}  // namespace linocut::LINOCUT_NS::bare
