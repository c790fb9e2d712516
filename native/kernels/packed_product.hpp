// Products of bits with weights in panels (src/linocut/ops/panels.py), which packed_matmul and packed_conv2d share.
//
//   sums[c] = bits - 2 popcount(x ^ w[c]) for the 64 outputs c of a panel, one word of each side by side
//
// How:   a panel is read where it lies, 64 outputs at once, or made into what the instruction set likes better
//        (simd/distances/); sums stay in registers over all words of a row, of several rows of x.
#pragma once

#include "binary_matmul.hpp"
#include "outcome.hpp"
#include "row_blocks.hpp"

namespace linocut::LINOCUT_NS::packed {

using distances::Panel;
inline constexpr i64 outputs = distances::panel_outputs;
inline constexpr int rows_at_once = distances::panel_rows_at_once;

// Where words of X and of a panel meet: rows of X that see the same words of the panel, from `first` on; `bits` are
// summed.
struct Seen {
    i64 first;
    distances::Runs runs;
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
        panel.read(panels, number, rows.size(), Workspace(call));
        visit(panel, Outcome(call, number), rows);
    });
}

}  // namespace linocut::LINOCUT_NS::packed
