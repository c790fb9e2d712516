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

inline constexpr int outputs_at_once = 4;

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
            real_matmul::run_bytes(x, weights, unit, Workspace(call),
                                   [&](i64 r, const i32* sums) { outcome.store(r, sums); });
        }
    }
}

}  // namespace linocut::LINOCUT_NS::byte_matmul
