// Sums of products of bytes, u8 x i8 into 32 bits, in tiles: the arithmetic of the backward pass and of the first
// layer.
//
//   tile[m][c] = (fresh ? 0 : tile[m][c]) + sum over r of rows(m, r) * panel(r, c)
//
// The summed index r goes in groups of four, as the dot-product instructions take it:
//   panel: bytes [group][column 0..63][4]; groups past the end are padded with zeros.
//   rows:  four bytes of row m and group g at data + m * row_stride + g * group_stride.
// One of the two factors is unsigned. `Signed::rows` means that the rows are i8 and the panel is u8. `Range` says how
// large a product is at most. Limit: AVX-512 VNNI: one VPDPBUSD for 64 products. AVX2: VPMADDUBSW and an addition for
// 32, in sums of 16 bits that are widened
//        once for `groups_at_once`; 16 bits do not hold even a pair of two whole bytes, 2 * 255 * 127: `Range::wide`
//        splits even and odd bytes first, for two VPMADDWD and two additions.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 tile_columns = segment;
inline constexpr i64 tile_rows = 128;
inline constexpr i64 chunk_groups = 128;  // a panel of 32 KiB

enum class Signed { rows, panel };
// Bits: the unsigned factor is 0 or 1. Signs: the signed one is at most 1 in size. Doubled: at most 2. Wide: none of
// these.
enum class Range { bits, signs, doubled, wide };

// How many groups a block takes at most.
template <Range>
inline constexpr i64 groups_at_once = chunk_groups;

using Tile = i32[tile_rows][tile_columns];
using Panel = u8[chunk_groups][tile_columns][4];

struct ByteRows {
    const u8* data;
    i64 row_stride;
    i64 group_stride;

    ByteRows from(i64 m) const { return {data + m * row_stride, row_stride, group_stride}; }
};

// What is summed: the groups [0, count), or those of a list.
struct AllGroups {
    static constexpr bool listed = false;
    i64 count;
    i64 operator[](i64 i) const { return i; }
};
struct ListedGroups {
    static constexpr bool listed = true;
    i64 count;
    const u8* list;
    i64 operator[](i64 i) const { return list[i]; }
};

// What becomes of the sums of a row: they are added to what the tile has unless it is fresh.
struct AsTheyAre {
    static constexpr bool of_signs = false;
    bool fresh;

    AsTheyAre from(i64) const { return *this; }
    AsTheyAre later() const { return {false}; }  // for more groups of the same rows
};
// Bits b that stand for signs: sum r (2 b - 1) = 2 sum r b - sum r. `less` has the last of each row.
struct OfSigns {
    static constexpr bool of_signs = true;
    bool fresh;
    const i32* less;

    OfSigns from(i64 m) const { return {fresh, less ? less + m : nullptr}; }
    OfSigns later() const { return {false, nullptr}; }
    i32 start(i64 m) const { return less ? -less[m] : 0; }
};

inline u32 load_four(const u8* from) {
    u32 value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

#if defined(__AVX512VNNI__)

inline constexpr int dot_rows = 6;

template <int M, Signed S, Range, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                      i32 (*tile)[tile_columns]) {
    __m512i sums[M][4];
    unrolled<4 * M>([&](auto i) {
        const bool zero = Into::of_signs || into.fresh;
        sums[i / 4][i % 4] = zero ? _mm512_setzero_si512() : _mm512_loadu_si512(tile[i / 4] + 16 * (i % 4));
    });
    for (i64 i = 0; i < groups.count; ++i) {
        const i64 g = groups[i];
        __m512i columns[4];
        unrolled<4>([&](auto v) { columns[v] = _mm512_load_si512(panel[g][16 * v]); });
        unrolled<M>([&](auto m) {
            const u8* at = rows.data + m * rows.row_stride + g * rows.group_stride;
            const __m512i four = _mm512_set1_epi32(static_cast<i32>(load_four(at)));
            unrolled<4>([&](auto v) {
                sums[m][v] = S == Signed::rows ? _mm512_dpbusd_epi32(sums[m][v], columns[v], four)
                                               : _mm512_dpbusd_epi32(sums[m][v], four, columns[v]);
            });
        });
    }
    unrolled<4 * M>([&](auto i) {
        i32* to = tile[i / 4] + 16 * (i % 4);
        __m512i sum = sums[i / 4][i % 4];
        if constexpr (Into::of_signs) {
            sum = _mm512_add_epi32(_mm512_slli_epi32(sum, 1), _mm512_set1_epi32(into.start(i / 4)));
            if (!into.fresh) sum = _mm512_add_epi32(sum, _mm512_loadu_si512(to));
        }
        _mm512_storeu_si512(to, sum);
    });
}

#elif defined(__AVX2__)

inline constexpr int dot_rows = 4;  // six take the same time in the nearest cache, and longer out of it

// A pair of products is at most 2 * 1 * 128, 2 * 255 * 1 or 2 * 255 * 2 in size. 128 groups of bits would fit too, but
// not the nearest cache.
template <>
inline constexpr i64 groups_at_once<Range::bits> = 64;
template <>
inline constexpr i64 groups_at_once<Range::signs> = 64;
template <>
inline constexpr i64 groups_at_once<Range::doubled> = 32;
static_assert(64 * 2 * 128 <= 32767 && 64 * 2 * 255 <= 32767 && 32 * 2 * 255 * 2 <= 32767);

// Sums have the type of their instructions: with __m256i, GCC copies every sum at every step.
typedef i16 Shorts __attribute__((vector_size(32)));
typedef i32 Ints __attribute__((vector_size(32)));

inline __m256i load_row(ByteRows rows, i64 m, i64 g) {
    return _mm256_set1_epi32(static_cast<i32>(load_four(rows.data + m * rows.row_stride + g * rows.group_stride)));
}

inline void add_to(bool fresh, i32* at, __m256i sum) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), fresh ? sum : _mm256_add_epi32(load_whole(at), sum));
}

// Vectors of columns that go with M rows: few rows leave registers for more.
template <int M>
inline constexpr int narrow_vectors = M == 1   ? 8
                                      : M == 2 ? 4
                                               : 2;

// Columns from c of M rows, a few vectors. Each sum is one of pairs of products, in 16 bits.
template <int M, Signed S, class Groups, class Into>
[[gnu::always_inline]] inline void dot_narrow(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 c,
                                              Into into, i32 (*tile)[tile_columns]) {
    constexpr int V = narrow_vectors<M>;
    Shorts sums[M][V];
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < V; ++v) sums[m][v] = Shorts{};
    }
    const u8* at = panel[0][c];
    for (i64 i = 0; i < groups.count; ++i, at += sizeof panel[0]) {
        const i64 g = groups[i];
        if constexpr (Groups::listed) at = panel[g][c];
        __m256i columns[V];
        for (int v = 0; v < V; ++v) columns[v] = load_whole(at + 32 * v);
        for (int m = 0; m < M; ++m) {
            const __m256i four = load_row(rows, m, g);
            for (int v = 0; v < V; ++v) {
                const __m256i u = S == Signed::rows ? columns[v] : four, s = S == Signed::rows ? four : columns[v];
                sums[m][v] += reinterpret_cast<Shorts>(_mm256_maddubs_epi16(u, s));
            }
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < V; ++v) {
            const __m256i pairs = reinterpret_cast<__m256i>(sums[m][v]);
            __m256i sum = _mm256_madd_epi16(pairs, _mm256_set1_epi16(Into::of_signs ? 2 : 1));
            if constexpr (Into::of_signs) sum = _mm256_add_epi32(sum, _mm256_set1_epi32(into.start(m)));
            add_to(into.fresh, tile[m] + c + 8 * v, sum);
        }
    }
}

// Of M rows the even bytes of each four, then its odd ones, as 16 bits.
template <int M, bool is_signed>
inline void widen_rows(ByteRows rows, i64 groups, i32 (*halves)[M][2]) {
    const __m128i even_then_odd = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    for (i64 g = 0; g < groups; ++g) {
        alignas(16) u32 fours[4] = {};
        for (int m = 0; m < M; ++m) fours[m] = load_four(rows.data + m * rows.row_stride + g * rows.group_stride);
        const __m128i bytes = _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(fours)), even_then_odd);
        const __m256i wide = is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
        std::memcpy(halves[g], &wide, sizeof halves[g]);
    }
}

// Columns [c, c + 16) of M rows of whole bytes.
template <int M, bool panel_signed>
inline void dot_wide(const i32 (*halves)[M][2], const u8 (*panel)[tile_columns][4], i64 groups, i64 c, bool fresh,
                     i32 (*tile)[tile_columns]) {
    const auto even = [](__m256i bytes) {
        return panel_signed ? _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8)
                            : _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF));
    };
    const auto odd = [](__m256i bytes) {
        return panel_signed ? _mm256_srai_epi16(bytes, 8) : _mm256_srli_epi16(bytes, 8);
    };
    Ints sums[M][2];
    for (int m = 0; m < M; ++m) sums[m][0] = sums[m][1] = Ints{};
    const u8* at = panel[0][c];
    for (i64 g = 0; g < groups; ++g, at += sizeof panel[0]) {
        const __m256i columns[2] = {load_whole(at), load_whole(at + 32)};
        const __m256i evens[2] = {even(columns[0]), even(columns[1])}, odds[2] = {odd(columns[0]), odd(columns[1])};
        for (int m = 0; m < M; ++m) {
            const __m256i by_even = _mm256_set1_epi32(halves[g][m][0]), by_odd = _mm256_set1_epi32(halves[g][m][1]);
            for (int v = 0; v < 2; ++v) {
                sums[m][v] += reinterpret_cast<Ints>(_mm256_madd_epi16(evens[v], by_even));
                sums[m][v] += reinterpret_cast<Ints>(_mm256_madd_epi16(odds[v], by_odd));
            }
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int v = 0; v < 2; ++v) add_to(fresh, tile[m] + c + 8 * v, reinterpret_cast<__m256i>(sums[m][v]));
    }
}

template <int M, Signed S, Range W, class Groups, class Into>
[[gnu::always_inline]] inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups,
                                             Into into, i32 (*tile)[tile_columns]) {
    if constexpr (W == Range::wide) {
        static_assert(!Groups::listed && !Into::of_signs);
        i32 halves[chunk_groups][M][2];
        widen_rows<M, S == Signed::rows>(rows, groups.count, halves);
        for (i64 c = 0; c < tile_columns; c += 16) {
            dot_wide<M, S == Signed::panel>(halves, panel, groups.count, c, into.fresh, tile);
        }
    } else {
        for (i64 c = 0; c < tile_columns; c += 8 * narrow_vectors<M>)
            dot_narrow<M, S>(rows, panel, groups, c, into, tile);
    }
}

#elif defined(LINOCUT_NEON)
}  // namespace linocut::LINOCUT_NS
#include "dot8_neon.hpp"
namespace linocut::LINOCUT_NS {
#else

inline constexpr int dot_rows = 1;

template <int M, Signed S, Range, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                      i32 (*tile)[tile_columns]) {
    static_assert(M == 1);
    u32 sums[tile_columns] = {};  // unsigned: twice a sum may not fit
    for (i64 k = 0; k < groups.count; ++k) {
        const i64 g = groups[k];
        const u8* four = rows.data + g * rows.group_stride;
        for (i64 c = 0; c < tile_columns; ++c) {
            for (int i = 0; i < 4; ++i) {
                const i32 product = S == Signed::rows ? i32(panel[g][c][i]) * static_cast<i8>(four[i])
                                                      : static_cast<i8>(panel[g][c][i]) * i32(four[i]);
                sums[c] += static_cast<u32>(product);
            }
        }
    }
    for (i64 c = 0; c < tile_columns; ++c) {
        u32 sum = sums[c];
        if constexpr (Into::of_signs) sum = 2 * sum + static_cast<u32>(into.start(0));
        tile[0][c] = static_cast<i32>(sum + (into.fresh ? 0u : static_cast<u32>(tile[0][c])));
    }
}

#endif

template <int M, Signed S, Range W, class Groups, class Into>
inline void dot_rest(i64 left, ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into,
                     i32 (*tile)[tile_columns]) {
    if constexpr (M > 0) {
        if (left == M) {
            dot_block<M, S, W>(rows, panel, groups, into, tile);
        } else {
            dot_rest<M - 1, S, W>(left, rows, panel, groups, into, tile);
        }
    }
}

// A function of its own: within a caller's loops GCC keeps the counters of the innermost in memory.
template <Signed S, Range W, class Into>
[[gnu::noinline]] void dot_blocks(i64 count, ByteRows rows, const u8 (*panel)[tile_columns][4], AllGroups groups,
                                  Into into, i32 (*tile)[tile_columns]) {
    i64 m = 0;
    for (; m + dot_rows <= count; m += dot_rows)
        dot_block<dot_rows, S, W>(rows.from(m), panel, groups, into.from(m), tile + m);
    dot_rest<dot_rows - 1, S, W>(count - m, rows.from(m), panel, groups, into.from(m), tile + m);
}

// `count` rows of the tile gain `groups` whole groups.
template <Signed S, Range W, class Into>
inline void dot_tile(i64 count, ByteRows rows, const Panel& panel, i64 groups, Into into, i32 (*tile)[tile_columns]) {
    if constexpr (groups_at_once<W> == chunk_groups) {
        dot_blocks<S, W>(count, rows, panel, AllGroups{groups}, into, tile);
    } else {
        i64 g = 0;
        do {
            const ByteRows from{rows.data + g * rows.group_stride, rows.row_stride, rows.group_stride};
            const AllGroups part{least(groups_at_once<W>, groups - g)};
            dot_blocks<S, W>(count, from, panel + g, part, g == 0 ? into : into.later(), tile);
        } while ((g += groups_at_once<W>) < groups);
    }
}

}  // namespace linocut::LINOCUT_NS
