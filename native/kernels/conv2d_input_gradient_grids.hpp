// Which pixels of dX see dY through the same taps.
#pragma once

#include "patches.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE };
enum { STRIDE, PAD_TOP, PAD_LEFT, EXACT };

// visit(axis) for the pixels of one dimension, in parts that share their taps.
template <class Visit>
inline void each_axis(i64 inputs, i64 outputs, i64 window, i64 stride, i64 pad, bool divided, const Visit& visit) {
    for (i64 phase = 0; phase < least(stride, inputs); ++phase) {
        const Axis whole = backward_axis(inputs, outputs, window, stride, pad, phase);
        if (divided) {
            each_part(reversed(whole), visit);
        } else {
            visit(whole);
        }
    }
}

// visit(grid) for all pixels: one grid a phase, or, `divided`, one for those that see through the same taps.
template <class Visit>
inline void each_grid(const Call& call, bool divided, const Visit& visit) {
    const Image dy(call.operands[DY]), dx(call.operands[DX]);
    const Window w = conv_window(call.operands[WEIGHTS], call.attributes);
    each_axis(dx.height, dy.height, w.height, w.stride, w.pad_top, divided, [&](const Axis& rows) {
        each_axis(dx.width, dy.width, w.width, w.stride, w.pad_left, divided,
                  [&](const Axis& columns) { visit(Grid{rows, columns, dx.batch, dx.height, dx.width, w.width}); });
    });
}

// From what a pixel sees first, where groups [first, first + count) of (taps, outputs) are, four outputs each, in rows
// of dY `pitch` bytes apart.
inline void place_groups(const Grid& grid, i64 outputs, i64 pitch, i64 first, i64 count, i32* places) {
    const i64 of_tap = outputs / 4;
    for (i64 i = 0; i < count; ++i) {
        const i64 tap = (first + i) / of_tap, r = tap / grid.columns.taps, c = tap % grid.columns.taps;
        places[i] = static_cast<i32>(r * pitch + c * outputs + 4 * ((first + i) % of_tap));
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
