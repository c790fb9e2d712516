// byte_matmul: the product of bytes of real_matmul.hpp, for prediction; sums, or their signs by thresholds at once.
// How:   many rows share panels that are packed for them, as there. Few do not repay that: with S the sum of 2u - 255
// over all
//        inputs, and P that over those whose weight is +1, y = 2 P - S, and P is a sum of the bytes that a row of bits
//        lets pass: sum (2u - 255) = 2 sum u - 255 popcount.
// Limit: of few rows, AVX-512 VNNI: a masked 1 and VPDPBUSD for 64 bytes. AVX2: making masks of bits, 6 instructions
// for 32.
#pragma once

#include "outcome.hpp"
#include "real_matmul.hpp"

namespace linocut::LINOCUT_NS::byte_matmul {

enum { X, WEIGHTS };

// What packing panels costs more than the sums of these rows.
#if defined(__AVX512VNNI__)
inline constexpr i64 few_rows = 16;
#else
inline constexpr i64 few_rows = 3;
#endif
inline constexpr int outputs_at_once = 4;

// Sums of bytes, 64 at a time, whose bits are 1.
#if defined(__AVX512VNNI__)

struct ChosenBytes {
    __m512i sums = _mm512_setzero_si512();

    void add(const u8* bytes, u64 bits) {
        sums = _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(bytes), _mm512_maskz_set1_epi8(bits, 1));
    }
    i32 total() const { return _mm512_reduce_add_epi32(sums); }
};

#elif defined(__AVX2__)

struct ChosenBytes {
    __m256i sums = _mm256_setzero_si256();

    void add(const u8* bytes, u64 bits) {
        for (int half = 0; half < 2; ++half) {
            const __m256i masks = masks_of(static_cast<u32>(bits >> (32 * half)));
            const __m256i chosen = _mm256_and_si256(load_whole(bytes + 32 * half), masks);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(chosen, _mm256_setzero_si256()));
        }
    }
    i32 total() const {
        const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        return static_cast<i32>(_mm_extract_epi64(two, 0) + _mm_extract_epi64(two, 1));
    }
};

#elif defined(LINOCUT_NEON)

struct ChosenBytes {
    uint32x4_t sums = vdupq_n_u32(0);

    void add(const u8* bytes, u64 bits) {
        unrolled<4>([&](auto i) {
            const uint8x16_t masks = vceqq_u8(expand_sixteen(bits >> (16 * i)), vdupq_n_u8(1));
            sums = vpadalq_u16(sums, vpaddlq_u8(vandq_u8(vld1q_u8(bytes + 16 * i), masks)));
        });
    }
    i32 total() const { return static_cast<i32>(vaddvq_u32(sums)); }
};

#else

// 0xFF for each bit of an octet that is 1.
struct OctetMasks {
    u64 of[256];

    constexpr OctetMasks() : of() {
        for (int octet = 0; octet < 256; ++octet) {
            for (int i = 0; i < 8; ++i) of[octet] |= (octet >> i & 1) != 0 ? u64{0xFF} << (8 * i) : 0;
        }
    }
};
inline constexpr OctetMasks octet_masks;

struct ChosenBytes {
    i32 sum = 0;

    // Eight bytes at a time: as four sums of 16 bits, at most 64 * 255 together.
    void add(const u8* bytes, u64 bits) {
        constexpr u64 evens = 0x00FF00FF00FF00FFu;
        u64 four = 0;
        for (int octet = 0; octet < 8; ++octet) {
            u64 eight;
            std::memcpy(&eight, bytes + 8 * octet, sizeof eight);
            eight &= octet_masks.of[bits >> (8 * octet) & 0xFF];
            four += (eight & evens) + (eight >> 8 & evens);
        }
        sum += static_cast<i32>((four * 0x0001000100010001u) >> 48);
    }
    i32 total() const { return sum; }
};

#endif

// A row of bytes in words of 64: the last one is copied where it is not whole.
struct ByteWords {
    const u8* whole;
    i64 count;
    const u8* last;
    u8 padded[segment] = {};

    ByteWords(const Operand& x, i64 r) : whole(row<u8>(x, r)), count(words(x.cols)) {
        const i64 start = (count - 1) * segment;
        last = whole_segment(whole + start, x.cols - start, padded);
    }
    ByteWords(const ByteWords&) = delete;  // `last` may be the padded one
    const u8* operator[](i64 word) const { return word < count - 1 ? whole + word * segment : last; }
};

// sums[i] = the sum of 2u - 255 over the inputs whose bit is 1, for N rows of bits.
template <int N>
inline void sum_chosen(const ByteWords& x, const u64* const* bits, i32* sums) {
    ChosenBytes bytes[N];
    i64 ones[N] = {};
    for (i64 w = 0; w < x.count; ++w) {
        const u8* at = x[w];
        unrolled<N>([&](auto i) {
            bytes[i].add(at, bits[i][w]);
            ones[i] += __builtin_popcountll(bits[i][w]);
        });
    }
    for (int i = 0; i < N; ++i) sums[i] = 2 * bytes[i].total() - static_cast<i32>(255 * ones[i]);
}

inline i32 sum_all(const Operand& x, i64 r) {
    const u8* bytes = row<u8>(x, r);
    i32 sum = 0;
    for (i64 k = 0; k < x.cols; ++k) sum += bytes[k];
    return 2 * sum - static_cast<i32>(255 * x.cols);
}

inline void run_few(const Operand& x, const Operand& weights, const Outcome& outcome) {
    for (i64 r = 0; r < x.rows; ++r) {
        const ByteWords bytes(x, r);
        const i32 all = sum_all(x, r);
        i32 sums[segment] = {};
        for (i64 c = 0; c < outcome.n; c += outputs_at_once) {
            const u64* bits[outputs_at_once];  // the last output stands for those that are not there
            for (i64 i = 0; i < outputs_at_once; ++i)
                bits[i] = bit_row(weights, outcome.first + least(c + i, outcome.n - 1));
            sum_chosen<outputs_at_once>(bytes, bits, sums + c);
        }
        for (i64 c = 0; c < segment; ++c) sums[c] = 2 * sums[c] - all;
        outcome.store(r, sums);
    }
}

inline i64 units(const Call& call) { return words(Outcome::output(call).cols); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS];
    for (i64 unit = begin; unit < end; ++unit) {
        const Outcome outcome(call, unit);
        if (x.rows <= few_rows) {
            run_few(x, weights, outcome);
        } else {
            real_matmul::run_bytes(x, weights, unit, [&](i64 r, const i32* sums) { outcome.store(r, sums); });
        }
    }
}

}  // namespace linocut::LINOCUT_NS::byte_matmul
