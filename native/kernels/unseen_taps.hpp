// What taps that see nothing add to a convolution's sums of signs: padding is gathered as zeros, which stand for -1.
#pragma once

#include "patches.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::conv2d {

inline constexpr i64 kept_taps = 60;  // taps whose sums of signs are kept: all of 7 x 7

inline i64 count_ones(const u64* from, i64 n) {
    i64 ones = __builtin_popcountll(from[0]);
    if (n > 1) ones += __builtin_popcountll(from[1]);
    for (i64 w = 2; w < n; ++w) ones += __builtin_popcountll(from[w]);
    return ones;
}

// The sum of the signs in a number of rows (taps of an output).
inline i32 sum_of_signs(const Operand& weights, i64 first_row, i64 rows) {
    const i64 ones = count_ones(bit_row(weights, first_row), rows * words(weights.cols));
    return static_cast<i32>(2 * ones - rows * weights.cols);
}

// Sums of signs of the taps that pixels do not see, for some outputs. Those of a few pixels are kept, as neighbours are
// mostly alike.
class Unseen {
  public:
    Unseen(const Operand& of_weights, const Grid& of_grid, i64 first_output, i64 outputs, Workspace& space)
        : weights(of_weights),
          grid(of_grid),
          first(first_output),
          columns(outputs),
          of_taps(space.take<i32[kept_taps][unit_columns]>()),
          sums(space.take<i32[kept][unit_columns]>()) {
        for (i64 tap = 0; tap < least(kept_taps, grid.taps()); ++tap) {
            for (i64 c = 0; c < columns; ++c) of_taps[tap][c] = of_tap(tap, c);
        }
        for (i64 i = 0; i < kept; ++i) rows[i] = {-1, -1};
    }

    // Of pixels that see such rows and columns of taps.
    const i32* of(Span seen_rows, Span seen_across) {
        const auto same = [](Span a, Span b) { return a.begin == b.begin && a.end == b.end; };
        for (i64 i = 0; i < kept; ++i) {
            if (same(rows[i], seen_rows) && same(across[i], seen_across)) return sums[i];
        }
        const i64 at = next++ % kept;
        rows[at] = seen_rows;
        across[at] = seen_across;
        std::memset(sums[at], 0, static_cast<std::size_t>(columns) * sizeof sums[at][0]);
        for (i64 tap = 0; tap < grid.taps(); ++tap) {
            const i64 r = tap / grid.columns.taps, q = tap % grid.columns.taps;
            const bool seen =
                r >= seen_rows.begin && r < seen_rows.end && q >= seen_across.begin && q < seen_across.end;
            if (seen) continue;
            for (i64 c = 0; c < columns; ++c) sums[at][c] += tap < kept_taps ? of_taps[tap][c] : of_tap(tap, c);
        }
        return sums[at];
    }

  private:
    static constexpr i64 kept = 4;

    i32 of_tap(i64 tap, i64 c) const { return sum_of_signs(weights, (first + c) * grid.taps() + tap, 1); }

    const Operand& weights;
    const Grid& grid;
    const i64 first, columns;
    i32 (&of_taps)[kept_taps][unit_columns];
    i32 (&sums)[kept][unit_columns];
    Span rows[kept], across[kept];
    i64 next = 0;
};

// tiles[..][m][..] = base[c], and `scale` times the sum of signs of the taps that see nothing.
template <i64 Width>
inline void start_tiles(const Grid& grid, const Place* places, i64 pixels, i64 columns, const i32* base, i32 scale,
                        Unseen& unseen, i32 (*tiles)[unit_pixels][Width]) {
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * Width < columns; ++t) std::memcpy(tiles[t][m], base + t * Width, Width * sizeof(i32));
        if (sees_all(grid, places[m])) continue;
        const i32* sums = unseen.of(places[m].rows, places[m].columns);
        for (i64 t = 0; t * Width < columns; ++t) {
            for (i64 c = 0; c < least(Width, columns - t * Width); ++c) tiles[t][m][c] += scale * sums[t * Width + c];
        }
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d
