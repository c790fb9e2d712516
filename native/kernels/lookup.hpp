// Tiles of gradients times signs by tables (simd/lookup/runs.hpp): any number of rows.
#pragma once

#include "../simd/simd.hpp"

namespace linocut::LINOCUT_NS::lookups {

template <class L, int M, int Digits, i64 stride, class At>
inline void add_rest(i64 left, i64 m, const At& at, i64 high, Runs runs, const u8* panel, bool fresh,
                     i32 (*tile)[segment]) {
    if constexpr (M > 0) {
        if (left < M) {
            add_rest<L, M - 1, Digits, stride>(left, m, at, high, runs, panel, fresh, tile);
            return;
        }
        Rows<M> rows{{}, high};
        for (int i = 0; i < M; ++i) rows.tables[i] = at(m + i);
        L::template add<M, Digits, stride>(rows, runs, panel, fresh, tile + m);
    }
}

// Rows [0, count) of a tile gain what their tables, for row m at(m) and after, have for the signs of a panel.
template <class L, int Digits, i64 stride, class At>
[[gnu::noinline]] void add_rows(i64 count, const At& at, i64 high, Runs runs, const u8* panel, bool fresh,
                                i32 (*tile)[segment]) {
    for (i64 m = 0; m < count; m += L::rows_at_once) {
        add_rest<L, L::rows_at_once, Digits, stride>(count - m, m, at, high, runs, panel, fresh, tile);
    }
}

// `n` digits of a few bits at a time as they are looked up: one plane of them, or two.
template <class L, int Digits>
struct Planes {
    static constexpr i64 most = 256;
    alignas(64) u8 digits[Digits][most];

    // Of n gradients of 8 bits (Digits 2) or digits (1), n a multiple of 16.
    void read(const u8* from, i64 n) {
        if constexpr (Digits == 2) {
            L::split(from, n, digits[0], digits[1]);
        } else {
            std::memcpy(digits[0], from, static_cast<std::size_t>(n));
        }
    }
    // totals[i] += the sizes of gradients 4 i to 4 i + 3.
    void add_sizes(i64 fours, i32* totals) const {
        for (int d = 0; d < Digits; ++d) L::add_sizes(digits[d], fours, d == 0 ? 1 : 16, totals);
    }
};

}  // namespace linocut::LINOCUT_NS::lookups
