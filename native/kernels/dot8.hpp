// Sums of products of bytes, u8 x i8 into 32 bits, in tiles: the arithmetic of the backward pass and of the first layer.
//
//   tile[m][c] = (fresh ? 0 : tile[m][c]) + sum over r of rows(m, r) * panel(r, c)
//
// The summed index r goes in groups of four, as the dot-product instructions take it:
//   panel: bytes [group][column 0..63][4]; groups past the end are padded with zeros.
//   rows:  four bytes of row m and group g at data + m * row_stride + g * group_stride.
// One of the two factors is unsigned. `Signed::rows` means that the rows are i8 and the panel is u8. `Range` says how large a
// product is at most.
// Limit: AVX-512 VNNI: one VPDPBUSD for 64 products. AVX2: VPMADDUBSW and an addition for 32, in sums of 16 bits that are widened
//        once for `groups_at_once`; 16 bits do not hold even a pair of two whole bytes, 2 * 255 * 127: `Range::wide` splits even
//        and odd bytes first, for two VPMADDWD and two additions.
#pragma once

#include "segments.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 tile_columns = segment;
inline constexpr i64 tile_rows = 128;
inline constexpr i64 chunk_groups = 128;  // a panel of 32 KiB

enum class Signed { rows, panel };
// Bits: the unsigned factor is 0 or 1. Signs: the signed one is at most 1 in size. Doubled: at most 2. Wide: none of these.
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
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into, i32 (*tile)[tile_columns]) {
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

// A pair of products is at most 2 * 1 * 128, 2 * 255 * 1 or 2 * 255 * 2 in size. 128 groups of bits would fit too, but not the
// nearest cache.
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
inline constexpr int narrow_vectors = M == 1 ? 8 : M == 2 ? 4 : 2;

// Columns from c of M rows, a few vectors. Each sum is one of pairs of products, in 16 bits.
template <int M, Signed S, class Groups, class Into>
[[gnu::always_inline]] inline void dot_narrow(
    ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, i64 c, Into into, i32 (*tile)[tile_columns]) {
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
inline void dot_wide(
    const i32 (*halves)[M][2], const u8 (*panel)[tile_columns][4], i64 groups, i64 c, bool fresh, i32 (*tile)[tile_columns]) {
    const auto even = [](__m256i bytes) {
        return panel_signed ? _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8) : _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF));
    };
    const auto odd = [](__m256i bytes) { return panel_signed ? _mm256_srai_epi16(bytes, 8) : _mm256_srli_epi16(bytes, 8); };
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
[[gnu::always_inline]] inline void dot_block(
    ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into, i32 (*tile)[tile_columns]) {
    if constexpr (W == Range::wide) {
        static_assert(!Groups::listed && !Into::of_signs);
        i32 halves[chunk_groups][M][2];
        widen_rows<M, S == Signed::rows>(rows, groups.count, halves);
        for (i64 c = 0; c < tile_columns; c += 16) {
            dot_wide<M, S == Signed::panel>(halves, panel, groups.count, c, into.fresh, tile);
        }
    } else {
        for (i64 c = 0; c < tile_columns; c += 8 * narrow_vectors<M>) dot_narrow<M, S>(rows, panel, groups, c, into, tile);
    }
}

#elif defined(LINOCUT_NEON)
}  // namespace linocut::LINOCUT_NS
#include "dot8_neon.hpp"
namespace linocut::LINOCUT_NS {
#else

inline constexpr int dot_rows = 1;

template <int M, Signed S, Range, class Groups, class Into>
inline void dot_block(ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into, i32 (*tile)[tile_columns]) {
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
inline void dot_rest(
    i64 left, ByteRows rows, const u8 (*panel)[tile_columns][4], Groups groups, Into into, i32 (*tile)[tile_columns]) {
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
[[gnu::noinline]] void dot_blocks(
    i64 count, ByteRows rows, const u8 (*panel)[tile_columns][4], AllGroups groups, Into into, i32 (*tile)[tile_columns]) {
    i64 m = 0;
    for (; m + dot_rows <= count; m += dot_rows) dot_block<dot_rows, S, W>(rows.from(m), panel, groups, into.from(m), tile + m);
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

#if defined(__AVX512BW__)

// Four rows of 64 bytes -> [64][4].
inline void interleave(__m512i a, __m512i b, __m512i c, __m512i d, u8* out) {
    const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
    const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
    // t[i] holds, in its 128-bit lane j, columns 16 j + 4 i to 16 j + 4 i + 3.
    const __m512i t0 = _mm512_unpacklo_epi16(ab_low, cd_low), t1 = _mm512_unpackhi_epi16(ab_low, cd_low);
    const __m512i t2 = _mm512_unpacklo_epi16(ab_high, cd_high), t3 = _mm512_unpackhi_epi16(ab_high, cd_high);
    const __m512i s0 = _mm512_shuffle_i32x4(t0, t1, 0x44), s1 = _mm512_shuffle_i32x4(t0, t1, 0xEE);
    const __m512i s2 = _mm512_shuffle_i32x4(t2, t3, 0x44), s3 = _mm512_shuffle_i32x4(t2, t3, 0xEE);
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(s0, s2, 0x88));
    _mm512_storeu_si512(out + 64, _mm512_shuffle_i32x4(s0, s2, 0xDD));
    _mm512_storeu_si512(out + 128, _mm512_shuffle_i32x4(s1, s3, 0x88));
    _mm512_storeu_si512(out + 192, _mm512_shuffle_i32x4(s1, s3, 0xDD));
}

inline void interleave_bits(const u64* four, u8* out) {
    interleave(_mm512_maskz_set1_epi8(four[0], 1), _mm512_maskz_set1_epi8(four[1], 1), _mm512_maskz_set1_epi8(four[2], 1),
               _mm512_maskz_set1_epi8(four[3], 1), out);
}

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    const __mmask64 valid = n == segment ? ~u64{0} : (u64{1} << n) - 1;
    __m512i r[4];
    for (int i = 0; i < 4; ++i) r[i] = four[i] ? _mm512_maskz_loadu_epi8(valid, four[i]) : _mm512_setzero_si512();
    interleave(r[0], r[1], r[2], r[3], out);
}

#elif defined(__AVX2__)

// Four rows of 32 bytes -> [32][4].
inline void interleave(__m256i a, __m256i b, __m256i c, __m256i d, u8* out) {
    const __m256i ab_low = _mm256_unpacklo_epi8(a, b), ab_high = _mm256_unpackhi_epi8(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi8(c, d), cd_high = _mm256_unpackhi_epi8(c, d);
    // t[i] holds, in its 128-bit lane j, columns 16 j + 4 i to 16 j + 4 i + 3.
    const __m256i t[4] = {_mm256_unpacklo_epi16(ab_low, cd_low), _mm256_unpackhi_epi16(ab_low, cd_low),
                          _mm256_unpacklo_epi16(ab_high, cd_high), _mm256_unpackhi_epi16(ab_high, cd_high)};
    const auto store = [&](int i, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), v); };
    store(0, _mm256_permute2x128_si256(t[0], t[1], 0x20));
    store(1, _mm256_permute2x128_si256(t[2], t[3], 0x20));
    store(2, _mm256_permute2x128_si256(t[0], t[1], 0x31));
    store(3, _mm256_permute2x128_si256(t[2], t[3], 0x31));
}

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    alignas(32) u8 padded[4][segment];
    const u8* rows[4];
    for (int i = 0; i < 4; ++i) {
        rows[i] = four[i];
        if (four[i] && n == segment) continue;
        std::memset(padded[i], 0, sizeof padded[i]);
        rows[i] = four[i] ? whole_segment(four[i], n, padded[i]) : padded[i];
    }
    for (i64 c = 0; c < segment; c += 32) {
        interleave(load_whole(rows[0] + c), load_whole(rows[1] + c), load_whole(rows[2] + c), load_whole(rows[3] + c), out + 4 * c);
    }
}

// The bits of four rows -> [64][4] of 0 and 1. An octet of each row, side by side, goes to all columns, each of which keeps
// its bit.
inline void interleave_bits(const u64* four, u8* out) {
    const auto word = [&](int i) { return _mm_cvtsi64_si128(static_cast<i64>(four[i])); };
    const __m128i ab = _mm_unpacklo_epi8(word(0), word(1)), cd = _mm_unpacklo_epi8(word(2), word(3));
    alignas(16) i32 octets[8];
    _mm_store_si128(reinterpret_cast<__m128i*>(octets), _mm_unpacklo_epi16(ab, cd));
    _mm_store_si128(reinterpret_cast<__m128i*>(octets + 4), _mm_unpackhi_epi16(ab, cd));
    const __m256i places = _mm256_setr_epi32(0x01010101, 0x02020202, 0x04040404, 0x08080808, 0x10101010, 0x20202020,
                                             0x40404040, static_cast<i32>(0x80808080u));
    for (int i = 0; i < 8; ++i) {
        const __m256i kept = _mm256_and_si256(_mm256_set1_epi32(octets[i]), places);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), _mm256_min_epu8(kept, _mm256_set1_epi8(1)));
    }
}

#elif defined(LINOCUT_NEON)

// `n` bytes of each row (null: zeros); the rest of the 64 columns is zero.
inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    alignas(16) u8 padded[4][segment] = {};
    const u8* rows[4];
    for (int i = 0; i < 4; ++i) rows[i] = four[i] ? whole_segment(four[i], n, padded[i]) : padded[i];
    for (i64 c = 0; c < segment; c += 16) {
        vst4q_u8(out + 4 * c, {{vld1q_u8(rows[0] + c), vld1q_u8(rows[1] + c), vld1q_u8(rows[2] + c), vld1q_u8(rows[3] + c)}});
    }
}

// The bits of four rows -> [64][4] of 0 and 1.
inline void interleave_bits(const u64* four, u8* out) {
    for (int quarter = 0; quarter < 4; ++quarter) {
        uint8x16x4_t ones;
        unrolled<4>([&](auto i) { ones.val[i] = expand_sixteen(four[i] >> (16 * quarter)); });
        vst4q_u8(out + 64 * quarter, ones);
    }
}

#else

inline void interleave_bytes(const u8* const* four, i64 n, u8* out) {
    if (n == segment && four[3]) {
        const u8 *a = four[0], *b = four[1], *c = four[2], *d = four[3];
        for (i64 i = 0; i < segment; ++i) {
            out[4 * i] = a[i];
            out[4 * i + 1] = b[i];
            out[4 * i + 2] = c[i];
            out[4 * i + 3] = d[i];
        }
        return;
    }
    for (i64 c = 0; c < segment; ++c) {
        for (int i = 0; i < 4; ++i) out[4 * c + i] = four[i] && c < n ? four[i][c] : 0;
    }
}

inline void interleave_bits(const u64* four, u8* out) {
    u8 bytes[4][segment];
    const u8* rows[4];
    for (int i = 0; i < 4; ++i) {
        expand_bits(four[i], bytes[i]);
        rows[i] = bytes[i];
    }
    interleave_bytes(rows, segment, out);
}

#endif

// Panel of 0 and 1 from the bits of rows [first, first + count) of a packed matrix, word `word` of each.
inline void pack_bit_panel(const Operand& bits, i64 first, i64 count, i64 word, Panel& panel) {
    for (i64 g = 0; 4 * g < count; ++g) {
        u64 four[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) four[i] = bit_row(bits, first + 4 * g + i)[word];
        interleave_bits(four, panel[g][0]);
    }
}

// Bytes [column, column + n), n <= 64, of rows [first, first + count), interleaved: out is [group][64][4] or part of wider rows.
inline void pack_bytes(const Operand& bytes, i64 first, i64 count, i64 column, i64 n, u8* out, i64 group_stride) {
    for (i64 g = 0; 4 * g < count; ++g) {
        const u8* four[4] = {};
        for (i64 i = 0; i < least<i64>(4, count - 4 * g); ++i) four[i] = row<u8>(bytes, first + 4 * g + i) + column;
        interleave_bytes(four, n, out + g * group_stride);
    }
}

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
#if defined(__AVX512VNNI__)
    __m512i sum = _mm512_setzero_si512();
    for (i64 i = 0; i < n; i += 64) sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(from + i));
    return _mm512_reduce_add_epi32(sum);
#elif defined(__AVX2__)
    __m256i sum = _mm256_setzero_si256();
    for (i64 i = 0; i < n; i += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    alignas(32) i32 lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), sum);
    return lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
#else
    i32 sum = 0;
    for (i64 i = 0; i < n; ++i) sum += static_cast<i8>(from[i]);
    return sum;
#endif
}

// sums[c] += the sum over all groups of the signed bytes of 64 columns of interleaved rows.
inline void sum_columns(const u8* from, i64 groups, i64 group_stride, i32* sums) {
#if defined(__AVX512VNNI__)
    for (i64 c = 0; c < segment; c += 16) {
        __m512i total = _mm512_loadu_si512(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            total = _mm512_dpbusd_epi32(total, _mm512_set1_epi8(1), _mm512_loadu_si512(from + g * group_stride + 4 * c));
        }
        _mm512_storeu_si512(sums + c, total);
    }
#elif defined(__AVX2__)
    for (i64 c = 0; c < segment; c += 8) {
        __m256i total = load_whole(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), load_whole(from + g * group_stride + 4 * c));
            total = _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + c), total);
    }
#else
    for (i64 g = 0; g < groups; ++g) {
        const i8* at = reinterpret_cast<const i8*>(from + g * group_stride);
        for (i64 c = 0; c < segment; ++c) sums[c] += at[4 * c] + at[4 * c + 1] + at[4 * c + 2] + at[4 * c + 3];
    }
#endif
}

}  // namespace linocut::LINOCUT_NS
