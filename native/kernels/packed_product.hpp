// Products of bits with weights in panels (src/linocut/ops/panels.py), which packed_matmul and packed_conv2d share.
//
//   sums[c] = bits - 2 popcount(x ^ w[c]) for the 64 outputs c of a panel, one word of each side by side
//
// How:   the micro-kernels of binary_matmul.hpp read a panel where it lies: 64 outputs at once. Sums stay in registers
// over all
//        words of a row, of several rows of x.
//        AVX2: packed_product_avx2.hpp.
#pragma once

#include "binary_matmul.hpp"
#include "outcome.hpp"
#include "row_blocks.hpp"

namespace linocut::LINOCUT_NS::packed {

inline constexpr i64 outputs = segment;  // of a panel

#if defined(__AVX2__) && !defined(__AVX512VPOPCNTDQ__)

}  // namespace linocut::LINOCUT_NS::packed
#include "packed_product_avx2.hpp"
namespace linocut::LINOCUT_NS::packed {
#else

// AVX-512: 24 sums in registers. NEON takes eight outputs after the other.
#if defined(__AVX512VPOPCNTDQ__)
inline constexpr int rows_at_once = 3;
#else
inline constexpr int rows_at_once = binary_matmul::rows_at_once;
#endif

struct Panel {
    const u64* words;

    void take(const Operand& panels, i64 number, i64) { words = bit_row(panels, number * panels.shape[1]); }

    template <int R>
    void subtract(const u64* const* x, i64 first, binary_matmul::Runs runs, i64 n, i32 (*sums)[outputs]) const {
        binary_matmul::subtract_distances<R, outputs>(x, words + first * outputs, runs, n, sums);
    }
};

#endif

// Where words of X and of a panel meet: rows of X that see the same words of the panel, from `first` on; `bits` are
// summed.
struct Seen {
    i64 first;
    binary_matmul::Runs runs;
    i32 bits;
};

template <int R, class From, class To>
inline void multiply_some(const Panel& panel, const Seen& seen, i64 m, const From& from, const To& to,
                          const Outcome& outcome) {
    const u64* x[R];
    alignas(64) i32 sums[R][outputs];
    for (int i = 0; i < R; ++i) {
        x[i] = from(m + i);
        for (i32& sum : sums[i]) sum = seen.bits;
    }
    panel.subtract<R>(x, seen.first, seen.runs, outcome.n, sums);
    for (int i = 0; i < R; ++i) outcome.store(to(m + i), sums[i]);
}

template <int R, class From, class To>
inline void multiply_rest(const Panel& panel, const Seen& seen, i64 left, i64 m, const From& from, const To& to,
                          const Outcome& outcome) {
    if constexpr (R > 0) {
        if (left == R) {
            multiply_some<R>(panel, seen, m, from, to, outcome);
        } else {
            multiply_rest<R - 1>(panel, seen, left, m, from, to, outcome);
        }
    }
}

// Rows m in [0, count): of X from(m) on, whose outcome is row to(m).
template <class From, class To>
inline void multiply(const Panel& panel, const Seen& seen, i64 count, const From& from, const To& to,
                     const Outcome& outcome) {
    i64 m = 0;
    for (; m + rows_at_once <= count; m += rows_at_once) multiply_some<rows_at_once>(panel, seen, m, from, to, outcome);
    multiply_rest<rows_at_once - 1>(panel, seen, count - m, m, from, to, outcome);
}

inline RowBlocks blocks_of(const Call& call) { return {Outcome::output(call).rows}; }

inline i64 units_of(const Call& call, const Operand& panels) { return panels.shape[0] * blocks_of(call).count(); }

// visit(panel, outcome, rows) for units [begin, end).
template <class Visit>
inline void each_unit(const Call& call, const Operand& panels, i64 begin, i64 end, const Visit& visit) {
    Panel panel;
    blocks_of(call).each(begin, end, [&](i64 number, Span rows) {
        panel.take(panels, number, rows.size());
        visit(panel, Outcome(call, number), rows);
    });
}

}  // namespace linocut::LINOCUT_NS::packed
