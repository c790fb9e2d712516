// What the tiles of dot8.hpp are given: four rows of bytes or bits interleaved into groups, panels of them, and sums of
// bytes.
#pragma once

#include "dot8.hpp"

namespace linocut::LINOCUT_NS {

// Rows of 64 bytes: those given, of which n bytes count; what is beyond is 0, as are rows that are null.
template <int N>
struct WholeRows {
    const u8* rows[N];
    alignas(32) u8 padded[N][segment];

    WholeRows(const u8* const* given, i64 n) {
        for (int i = 0; i < N; ++i) {
            rows[i] = given[i];
            if (given[i] && n == segment) continue;
            std::memset(padded[i], 0, sizeof padded[i]);
            rows[i] = given[i] ? whole_segment(given[i], n, padded[i]) : padded[i];
        }
    }
    WholeRows(const WholeRows&) = delete;  // rows may be the padded ones
};

// The rows of a group, at a column: those of a matrix of bytes from `first` on, null from `count` on.
template <int N>
struct GroupRows {
    const u8* rows[N] = {};

    GroupRows(const Operand& bytes, i64 first, i64 count, i64 column) {
        for (i64 i = 0; i < least<i64>(N, count); ++i) rows[i] = row<u8>(bytes, first + i) + column;
    }
};

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
    interleave(_mm512_maskz_set1_epi8(four[0], 1), _mm512_maskz_set1_epi8(four[1], 1),
               _mm512_maskz_set1_epi8(four[2], 1), _mm512_maskz_set1_epi8(four[3], 1), out);
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
    const WholeRows<4> whole(four, n);
    const auto load = [&](int i, i64 c) { return load_whole(whole.rows[i] + c); };
    for (i64 c = 0; c < segment; c += 32) interleave(load(0, c), load(1, c), load(2, c), load(3, c), out + 4 * c);
}

// The bits of four rows -> [64][4] of 0 and 1. An octet of each row, side by side, goes to all columns, each of which
// keeps its bit.
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
    const WholeRows<4> whole(four, n);
    const auto load = [&](int i, i64 c) { return vld1q_u8(whole.rows[i] + c); };
    for (i64 c = 0; c < segment; c += 16) vst4q_u8(out + 4 * c, {{load(0, c), load(1, c), load(2, c), load(3, c)}});
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

// Bytes [column, column + n), n <= 64, of rows [first, first + count), interleaved: out is [group][64][4] or part of
// wider rows.
inline void pack_bytes(const Operand& bytes, i64 first, i64 count, i64 column, i64 n, u8* out, i64 group_stride) {
    for (i64 g = 0; 4 * g < count; ++g) {
        interleave_bytes(GroupRows<4>(bytes, first + 4 * g, count - 4 * g, column).rows, n, out + g * group_stride);
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
            total =
                _mm512_dpbusd_epi32(total, _mm512_set1_epi8(1), _mm512_loadu_si512(from + g * group_stride + 4 * c));
        }
        _mm512_storeu_si512(sums + c, total);
    }
#elif defined(__AVX2__)
    for (i64 c = 0; c < segment; c += 8) {
        __m256i total = load_whole(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            const __m256i pairs =
                _mm256_maddubs_epi16(_mm256_set1_epi8(1), load_whole(from + g * group_stride + 4 * c));
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
