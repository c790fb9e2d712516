// packed_conv2d: a convolution of bits with weights in panels, for prediction; sums, or their signs by thresholds at
// once. How:   pixels that see through the same taps go together: each row of these taps sees words of X that follow
// each other, as do
//        the words of the panel. So nothing is gathered, and padding is passed over.
// Limit: that of the micro-kernels (packed_product.hpp).
#pragma once

#include "packed_product.hpp"
#include "patches.hpp"

namespace linocut::LINOCUT_NS::packed_conv2d {

enum { X, PANELS };
enum { STRIDE, PAD_TOP, PAD_LEFT, HEIGHT, WIDTH };

inline constexpr i64 places_at_once = 64;

inline Grid grid_of(const Call& call) {
    const auto attribute = [&](int i) { return static_cast<i64>(call.attributes[i]); };
    const Window window{attribute(HEIGHT), attribute(WIDTH), attribute(STRIDE), attribute(PAD_TOP),
                        attribute(PAD_LEFT)};
    return forward_grid(call.operands[X], window, Outcome::output(call));
}

// visit(part, pixels of it) for the parts of a grid that see the same taps; [begin, end) are pixels in the order of the
// parts.
template <class Visit>
inline void each_part_of(const Grid& grid, Span pixels, const Visit& visit) {
    i64 passed = 0;
    each_part(grid.rows, [&](const Axis& rows) {
        each_part(grid.columns, [&](const Axis& columns) {
            const Grid part{rows, columns, grid.batch, grid.height, grid.width, grid.window_width};
            const Span some{most<i64>(0, pixels.begin - passed), least(part.pixels(), pixels.end - passed)};
            if (some.begin < some.end) visit(part, some);
            passed += part.pixels();
        });
    });
}

inline packed::Seen seen_by(const Grid& part, const Operand& x) {
    const i64 depth = words(x.cols);
    return {part.window_tap(0) * depth,
            {part.columns.taps * depth, part.rows.taps, part.columns.size * depth, part.window_width * depth},
            static_cast<i32>(part.taps() * x.cols)};
}

inline i64 units(const Call& call) { return packed::units_of(call, call.operands[PANELS]); }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand& x = call.operands[X];
    const Grid grid = grid_of(call);
    Place places[places_at_once];
    const auto from = [&](i64 m) {
        const Place& place = places[m];
        return bit_row(x, (place.example * grid.rows.size + place.row) * grid.columns.size + place.column);
    };
    const auto to = [&](i64 m) { return places[m].pixel; };
    packed::each_unit(call, call.operands[PANELS], begin, end,
                      [&](const packed::Panel& panel, const Outcome& outcome, Span all) {
                          each_part_of(grid, all, [&](const Grid& part, Span pixels) {
                              const packed::Seen seen = seen_by(part, x);
                              for (i64 first = pixels.begin; first < pixels.end; first += places_at_once) {
                                  const i64 count = least(places_at_once, pixels.end - first);
                                  locate(part, first, count, places);
                                  packed::multiply(panel, seen, count, from, to, outcome);
                              }
                          });
                      });
}

}  // namespace linocut::LINOCUT_NS::packed_conv2d
