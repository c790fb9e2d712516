// Tiles of gradients times signs by tables (simd/lookup/runs.hpp): any number of rows.
#pragma once

#include "../simd/simd.hpp"

namespace linocut::LINOCUT_NS::lookups {

// A panel of signs, and the sums that its columns gain.
struct Column {
    const u8* panel;
    i32 (*sums)[segment];
};

template <class L, int M, int Digits, i64 stride, class At>
inline void add_rest(i64 left, i64 m, const At& at, i64 high, Runs runs, const Column* columns, i64 count, bool fresh) {
    if constexpr (M > 0) {
        if (left < M) {
            add_rest<L, M - 1, Digits, stride>(left, m, at, high, runs, columns, count, fresh);
            return;
        }
        Rows<M> rows{{}, high};
        for (int i = 0; i < M; ++i) rows.tables[i] = at(m + i);
        for (i64 c = 0; c < count; ++c) {
            L::template add<M, Digits, stride>(rows, runs, columns[c].panel, fresh, columns[c].sums + m);
        }
    }
}

// Rows [0, rows) of the sums of some columns gain what their tables, for row m at(m) and after, have for the signs of
// the panels: a few rows of all columns at a time, as tables are larger than panels.
template <class L, int Digits, i64 stride, class At>
[[gnu::noinline]] void add_rows(i64 rows, const At& at, i64 high, Runs runs, const Column* columns, i64 count,
                                bool fresh) {
    for (i64 m = 0; m < rows; m += L::rows_at_once) {
        add_rest<L, L::rows_at_once, Digits, stride>(rows - m, m, at, high, runs, columns, count, fresh);
    }
}

}  // namespace linocut::LINOCUT_NS::lookups
