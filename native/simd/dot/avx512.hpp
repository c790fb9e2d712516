// Tiles of products of bytes by VNNI. Limit: one VPDPBUSD for 64 products.
#pragma once

#include "../../kernels/unroll.hpp"
#include "../vnni.hpp"
#include "tiles.hpp"
#include "used_x86.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr int dot_rows = 12;
inline constexpr bool biased_rows = true;
inline constexpr int sparse_rows =
    1;  // four sums in turn keep VPDPBUSD busy, and the fewer rows, the more is passed over

// The first V vectors of columns.
template <int M, int V, Signed S, class Groups, class Into>
inline void dot_vectors(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                        i32 (*tile)[tile_columns]) {
    Sums512 sums[M][V];
    unrolled<V * M>([&](auto i) { sums[i / V][i % V] = Sums512{}; });
    if (!Into::of_signs && !into.fresh)
        unrolled<V * M>([&](auto i) { sums[i / V][i % V] = load_sums(tile[i / V] + 16 * (i % V)); });
    for (i64 i = 0; i < groups.count; ++i) {
        const i64 g = groups[i];
        __m512i columns[V];
        unrolled<V>([&](auto v) { columns[v] = _mm512_load_si512(panel[g][16 * v]); });
        unrolled<M>([&](auto m) {
            const u8* at = rows.data + m * rows.row_stride + g * rows.group_stride;
            const __m512i four = _mm512_set1_epi32(static_cast<i32>(load_four(at)));
            unrolled<V>([&](auto v) {
                sums[m][v] =
                    S == Signed::rows ? add_dots(sums[m][v], columns[v], four) : add_dots(sums[m][v], four, columns[v]);
            });
        });
    }
    unrolled<V * M>([&](auto i) {
        i32* to = tile[i / V] + 16 * (i % V);
        Sums512 sum = sums[i / V][i % V];
        if constexpr (Into::of_signs) {
            sum = 2 * sum + static_cast<u32>(into.start(i / V));
            if (!into.fresh) sum += load_sums(to);
        }
        store_sums(to, sum);
    });
}

// Sums over groups that lie anywhere: group i of row m at rows[m] + places[i], bytes without signs, times panel[i].
// They begin at `start`, which all rows share, and gain what the tile has unless it is fresh.
struct FarDots {
    static constexpr bool usable = true;
    static constexpr int most_rows = 12;  // of up to 32 columns; else half of them

    template <int M, int V>
    static void add(const u8* const* rows, const i32* places, const u8 (*panel)[tile_columns][4], i64 groups,
                    const i32* start, bool fresh, i32 (*tile)[tile_columns]) {
        Sums512 sums[M][V];
        unrolled<V * M>([&](auto i) { sums[i / V][i % V] = load_sums(start + 16 * (i % V)); });
        if (!fresh) unrolled<V * M>([&](auto i) { sums[i / V][i % V] += load_sums(tile[i / V] + 16 * (i % V)); });
        const u8* at[M];
        unrolled<M>([&](auto m) { at[m] = rows[m]; });
        const u8* columns = panel[0][0];
        for (i64 i = 0; i < groups; ++i, columns += sizeof panel[0]) {
            const i64 place = places[i];
            __m512i beside[V];
            unrolled<V>([&](auto v) { beside[v] = _mm512_load_si512(columns + 64 * v); });
            unrolled<M>([&](auto m) {
                const __m512i four = _mm512_set1_epi32(static_cast<i32>(load_four(at[m] + place)));
                unrolled<V>([&](auto v) { sums[m][v] = add_dots(sums[m][v], four, beside[v]); });
            });
        }
        unrolled<V * M>([&](auto i) { store_sums(tile[i / V] + 16 * (i % V), sums[i / V][i % V]); });
    }
};

template <int M, Signed S, Range, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 columns, Into into,
                      i32 (*tile)[tile_columns]) {
    if constexpr (!Groups::listed) {
        if (columns <= 16) return dot_vectors<M, 1, S>(rows, panel, groups, into, tile);
        if (columns <= 32) return dot_vectors<M, 2, S>(rows, panel, groups, into, tile);
    }
    constexpr int few = 6;  // there are registers for their sums
    if constexpr (M > few) {
        dot_vectors<few, 4, S>(rows, panel, groups, into, tile);
        dot_vectors<M - few, 4, S>(rows.from(few), panel, groups, into.from(few), tile + few);
    } else {
        dot_vectors<M, 4, S>(rows, panel, groups, into, tile);
    }
}

}  // namespace linocut::LINOCUT_NS
