// The gradients of weights whose inputs are bytes, of which many may be 0, as the pixels around a digit are:
//
//   sums[i][o] = sum over examples e of u(e, i) dy(e, o)
//
// Examples go in groups. A lane is the 32 bits that one input, or one output, has in a group. Of each input is
// noted in which groups it is not 0; its sums, with a vector of outputs in each register, take those alone.
// Limit: AVX-512 VNNI: one VPDPBUSD for 64 products. AVX2: two whole bytes fit 16 bits, but not a pair of their
// products: lanes are
//        of two examples, for one VPMADDWD and an addition for 16.
#pragma once

#include "dot8_panels.hpp"

#if defined(__AVX2__)

namespace linocut::LINOCUT_NS::sparse_bytes {

#if defined(__AVX512VNNI__)

inline constexpr int lane_examples = 4;
inline constexpr i64 outputs_at_once = 128;
using Vector = __m512i;

inline Vector load(const void* from) { return _mm512_loadu_si512(from); }
inline void store(void* to, Vector v) { _mm512_storeu_si512(to, v); }
inline Vector copied(u32 lane) { return _mm512_set1_epi32(static_cast<i32>(lane)); }
inline void add_products(Vector& sums, Vector dy, Vector x) { sums = _mm512_dpbusd_epi32(sums, x, dy); }
inline Vector ones() { return _mm512_set1_epi8(1); }

// The lanes of 64 inputs or outputs.
template <bool>
inline void pack_lanes(const u8* const* rows, u32* out) {
    interleave_bytes(rows, segment, reinterpret_cast<u8*>(out));
}

#else

inline constexpr int lane_examples = 2;
inline constexpr i64 outputs_at_once = 64;
typedef i32 Vector __attribute__((vector_size(32)));  // not __m256i, as in dot8.hpp

inline Vector load(const void* from) { return reinterpret_cast<Vector>(load_whole(from)); }
inline void store(void* to, Vector v) { std::memcpy(to, &v, sizeof v); }
inline Vector copied(u32 lane) { return Vector{} + static_cast<i32>(lane); }
inline void add_products(Vector& sums, Vector dy, Vector x) {
    sums += reinterpret_cast<Vector>(_mm256_madd_epi16(reinterpret_cast<__m256i>(dy), reinterpret_cast<__m256i>(x)));
}
inline Vector ones() { return reinterpret_cast<Vector>(_mm256_set1_epi16(1)); }

// The lanes of 64 inputs or outputs.
template <bool is_signed>
inline void pack_lanes(const u8* const* rows, u32* out) {
    for (i64 c = 0; c < segment; c += 8) {
        const auto eight = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[i] + c)); };
        const __m128i bytes = _mm_unpacklo_epi8(eight(0), eight(1));
        const __m256i lanes = is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + c), lanes);
    }
}

#endif

inline constexpr i64 block_examples = 128;
inline constexpr i64 block_groups = block_examples / lane_examples;
inline constexpr i64 lanes_of_vector = sizeof(Vector) / sizeof(u32);
inline constexpr int vectors = outputs_at_once / lanes_of_vector;

// What a block of examples has for one part. Bit g of in_use[i]: whether input i has anything but 0 in group g.
struct Block {
    alignas(64) u32 dy[tile_rows / outputs_at_once][block_groups][outputs_at_once];
    alignas(64) u32 x[block_groups][tile_columns];
    u64 in_use[tile_columns];
};

using Sums = i32[tile_columns][tile_rows];

// Columns [column, column + n), n <= 64, of the examples of a group.
inline WholeRows<lane_examples> examples_of(const Operand& from, i64 first, i64 count, i64 column, i64 n) {
    return {GroupRows<lane_examples>(from, first, count, column).rows, n};
}

// The lanes of dY; `sums` gain those of each output.
inline void pack_gradients(const Operand& dy, i64 example, i64 count, i64 output, i64 outputs, Block& block,
                           i32* sums) {
    const i64 groups = divide_up(count, lane_examples);
    for (i64 g = 0; g < groups; ++g) {
        for (i64 c = 0; c < outputs; c += segment) {
            const i64 first = lane_examples * g;
            const auto of = examples_of(dy, example + first, count - first, output + c, least(segment, outputs - c));
            pack_lanes<true>(of.rows, block.dy[c / outputs_at_once][g] + c % outputs_at_once);
        }
    }
    for (i64 c = 0; c < divide_up(outputs, segment) * segment; c += lanes_of_vector) {
        Vector sum = load(sums + c);
        for (i64 g = 0; g < groups; ++g)
            add_products(sum, load(block.dy[c / outputs_at_once][g] + c % outputs_at_once), ones());
        store(sums + c, sum);
    }
}

inline void pack_inputs(const Operand& x, i64 example, i64 count, i64 first, i64 n, Block& block) {
    alignas(32) u8 octets[block_groups / 8][tile_columns] = {};
    for (i64 g = 0; lane_examples * g < count; ++g) {
        const auto of = examples_of(x, example + lane_examples * g, count - lane_examples * g, first, n);
        pack_lanes<false>(of.rows, block.x[g]);
        const __m256i place = _mm256_set1_epi8(static_cast<i8>(1 << (g % 8)));
        for (i64 c = 0; c < segment; c += 32) {
            __m256i all = load_whole(of.rows[0] + c);
            for (i64 i = 1; i < lane_examples; ++i) all = _mm256_or_si256(all, load_whole(of.rows[i] + c));
            const __m256i unused = _mm256_cmpeq_epi8(all, _mm256_setzero_si256());
            __m256i* octet = reinterpret_cast<__m256i*>(octets[g / 8] + c);
            _mm256_store_si256(octet, _mm256_or_si256(*octet, _mm256_andnot_si256(unused, place)));
        }
    }
    for (i64 i = 0; i < tile_columns; ++i) {
        block.in_use[i] = 0;
        for (i64 octet = 0; octet < block_groups / 8; ++octet) block.in_use[i] |= u64{octets[octet][i]} << (8 * octet);
    }
}

// The sums of an input with some outputs.
inline void multiply_input(u64 in_use, const u32* x, const u32* dy, bool fresh, i32* to) {
    Vector sums[vectors];
    unrolled<vectors>([&](auto v) { sums[v] = fresh ? Vector{} : load(to + v * lanes_of_vector); });
    for (; in_use != 0; in_use &= in_use - 1) {
        const i64 g = __builtin_ctzll(in_use);
        const Vector input = copied(x[g * tile_columns]);
        unrolled<vectors>(
            [&](auto v) { add_products(sums[v], load(dy + g * outputs_at_once + v * lanes_of_vector), input); });
    }
    unrolled<vectors>([&](auto v) { store(to + v * lanes_of_vector, sums[v]); });
}

inline void multiply(const Block& block, i64 outputs, bool fresh, Sums& sums) {
    for (i64 o = 0; o < outputs; o += outputs_at_once) {
        for (i64 i = 0; i < tile_columns; ++i) {
            multiply_input(block.in_use[i], block.x[0] + i, block.dy[o / outputs_at_once][0], fresh, sums[i] + o);
        }
    }
}

// gradients[o][i] = 2 sums[i][first + o] - less[o] of 8 outputs, which fits 32 bits though its parts may not.
inline void read_gradients(const Sums& sums, i64 first, const i32* less, i32 (*gradients)[segment]) {
    for (i64 i = 0; i < segment; i += 8) {
        __m256i r[8], pairs[8], fours[8];
        unrolled<8>([&](auto k) { r[k] = load_whole(sums[i + k] + first); });
        unrolled<4>([&](auto k) {
            pairs[2 * k] = _mm256_unpacklo_epi32(r[2 * k], r[2 * k + 1]);
            pairs[2 * k + 1] = _mm256_unpackhi_epi32(r[2 * k], r[2 * k + 1]);
        });
        // fours[4 h + o % 4] holds inputs 4 h to 4 h + 3 of output o % 4, and in its upper half of output o % 4 + 4.
        unrolled<4>([&](auto k) {
            const int h = k / 2, from = 4 * h + k % 2;
            fours[4 * h + 2 * (k % 2)] = _mm256_unpacklo_epi64(pairs[from], pairs[from + 2]);
            fours[4 * h + 2 * (k % 2) + 1] = _mm256_unpackhi_epi64(pairs[from], pairs[from + 2]);
        });
        unrolled<8>([&](auto o) {
            const __m256i both = _mm256_permute2x128_si256(fours[o % 4], fours[4 + o % 4], o < 4 ? 0x20 : 0x31);
            const __m256i twice = _mm256_add_epi32(both, both);
            const __m256i exact = _mm256_sub_epi32(twice, _mm256_set1_epi32(less[o]));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(gradients[o] + i), exact);
        });
    }
}

}  // namespace linocut::LINOCUT_NS::sparse_bytes

#endif
