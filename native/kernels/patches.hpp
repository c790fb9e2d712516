// Patches: what windows see of an image, gathered into rows, so that a convolution is a product of two matrices.
//
// A grid is a set of pixels for which sums are made, and the way from each of them through its taps to pixels of a
// source:
//   forward:  the pixels are outputs, the source the inputs; tap t of output r sees input r stride - pad + t.
//   backward: the pixels are inputs, the source the outputs. Only inputs that are equal modulo the stride share their
//   taps:
//             a grid is one such phase, and its taps are every stride-th of the window; tap t of its input r sees
//             output r + origin - t.
// A row of patches is (taps, channels of the source) in this order, 0 where a tap sees nothing.
#pragma once

#include "nibbles.hpp"
#include "segments.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS {

inline constexpr i64 unit_pixels = 480;   // pixels of a unit: those that share a packed panel
inline constexpr i64 unit_columns = 128;  // columns of a unit: those that share gathered patches
inline constexpr i64 block_pixels = 48;   // pixels gathered at a time
static_assert(unit_pixels % block_pixels == 0);
inline constexpr i64 none = -1;  // where nothing is packed yet

// One dimension of a grid.
struct Axis {
    i64 count;                      // pixels of the grid
    i64 first_pixel, pixel_step;    // where they are in their image
    i64 origin, step, direction;    // pixel r sees source pixel origin + step r + direction t through tap t
    i64 size;                       // of the source
    i64 taps, first_tap, tap_step;  // which of the window's taps they are

    // The taps through which a pixel at `base` = origin + step r sees the source.
    Span seen(i64 base) const {
        const i64 begin = clamp<i64>(direction > 0 ? -base : base - size + 1, 0, taps);
        return {begin, clamp(direction > 0 ? size - base : base + 1, begin, taps)};
    }
};

struct Grid {
    Axis rows, columns;
    i64 batch;
    i64 height, width;  // of the images that its pixels are in
    i64 window_width;

    i64 pixels() const { return batch * rows.count * columns.count; }
    i64 taps() const { return rows.taps * columns.taps; }

    // The tap of the window that tap `tap` of the grid is.
    i64 window_tap(i64 tap) const {
        const i64 r = tap / columns.taps, c = tap % columns.taps;
        return (rows.first_tap + rows.tap_step * r) * window_width + columns.first_tap + columns.tap_step * c;
    }
};

// A pixel of a grid: its number among all pixels of its images, the source row and column it sees through tap 0 (which
// may be outside), and the taps that see anything.
struct Place {
    i64 pixel, example, row, column;
    Span rows, columns;
};

inline bool sees_all(const Grid& grid, const Place& place) {
    return place.rows.size() == grid.rows.taps && place.columns.size() == grid.columns.taps;
}

inline bool all_see_all(const Grid& grid, const Place* places, i64 pixels) {
    for (i64 m = 0; m < pixels; ++m) {
        if (!sees_all(grid, places[m])) return false;
    }
    return true;
}

// Whether a tap of the grid sees the source.
inline bool sees(const Place& place, i64 row_tap, i64 column_tap) {
    return row_tap >= place.rows.begin && row_tap < place.rows.end && column_tap >= place.columns.begin &&
           column_tap < place.columns.end;
}

inline void locate(const Grid& grid, i64 first, i64 count, Place* places) {
    each_run(grid.rows.count, grid.columns.count, {first, first + count},
             [&](i64, i64 example, i64 r, i64 begin, i64 n) {
                 const i64 row = grid.rows.origin + grid.rows.step * r;
                 const i64 y = grid.rows.first_pixel + grid.rows.pixel_step * r;
                 const i64 start = (example * grid.height + y) * grid.width + grid.columns.first_pixel;
                 const Span rows = grid.rows.seen(row);
                 for (i64 c = begin; c < begin + n; ++c) {
                     const i64 column = grid.columns.origin + grid.columns.step * c;
                     const i64 pixel = start + grid.columns.pixel_step * c;
                     *places++ = {pixel, example, row, column, rows, grid.columns.seen(column)};
                 }
             });
}

// The axis of the outputs of a convolution.
inline Axis forward_axis(i64 outputs, i64 inputs, i64 window, i64 stride, i64 pad) {
    return {outputs, 0, 1, -pad, stride, 1, inputs, window, 0, 1};
}

// The outputs of a convolution.
inline Grid forward_grid(const Operand& from, const Window& window, const Operand& to) {
    const Image x(from), y(to);
    return {forward_axis(y.height, x.height, window.height, window.stride, window.pad_top),
            forward_axis(y.width, x.width, window.width, window.stride, window.pad_left),
            y.batch,
            y.height,
            y.width,
            window.width};
}

// The axis of those inputs of a convolution that are `phase` modulo the stride.
inline Axis backward_axis(i64 inputs, i64 outputs, i64 window, i64 stride, i64 pad, i64 phase) {
    const i64 first_tap = (phase + pad) % stride;
    const i64 taps = first_tap < window ? divide_up(window - first_tap, stride) : 0;
    return {divide_up(inputs - phase, stride),
            phase,
            stride,
            (phase + pad - first_tap) / stride,
            1,
            -1,
            outputs,
            taps,
            first_tap,
            stride};
}

// The same axis with its taps in the other order. A backward axis then sees the source forwards, so that what a row of
// taps sees is one run.
inline Axis reversed(const Axis& axis) {
    const i64 last = axis.taps - 1;
    return {axis.count,      axis.first_pixel, axis.pixel_step, axis.origin + axis.direction * last,   axis.step,
            -axis.direction, axis.size,        axis.taps,       axis.first_tap + axis.tap_step * last, -axis.tap_step};
}

// Those pixels [begin, end) of an axis of which all see the same taps, with these taps only.
inline Axis part_of(const Axis& axis, Span pixels, Span taps) {
    return {pixels.size(),
            axis.first_pixel + axis.pixel_step * pixels.begin,
            axis.pixel_step,
            axis.origin + axis.step * pixels.begin + axis.direction * taps.begin,
            axis.step,
            axis.direction,
            axis.size,
            taps.size(),
            axis.first_tap + axis.tap_step * taps.begin,
            axis.tap_step};
}

// visit(axis) for the parts of an axis of which every pixel sees the same taps, with these taps only.
template <class Visit>
inline void each_part(const Axis& axis, const Visit& visit) {
    const auto seen = [&](i64 pixel) { return axis.seen(axis.origin + axis.step * pixel); };
    for (i64 begin = 0, end; begin < axis.count; begin = end) {
        const Span taps = seen(begin);
        for (end = begin + 1; end < axis.count; ++end) {
            const Span other = seen(end);
            if (other.begin != taps.begin || other.end != taps.end) break;
        }
        visit(part_of(axis, {begin, end}, taps));
    }
}

// Elements [begin, end) of a row of patches in runs: seen(first, last, offset) for those found at `offset` of the
// source and after, unseen(first, last) for zeros.
template <class Seen, class Unseen>
inline void visit(const Grid& grid, const Place& place, i64 channels, i64 begin, i64 end, const Seen& seen,
                  const Unseen& unseen) {
    const i64 length = grid.columns.taps * channels;
    const bool whole = end - begin == grid.rows.taps * length,
               forward = grid.rows.direction > 0 && grid.columns.direction > 0;
    if (whole && forward && sees_all(grid, place)) {
        const i64 row = place.example * grid.rows.size + place.row;
        for (i64 tap = 0; tap < grid.rows.taps; ++tap) {
            seen(tap * length, (tap + 1) * length, ((row + tap) * grid.columns.size + place.column) * channels);
        }
        return;
    }
    for (i64 tap = begin == 0 ? 0 : begin / length; tap * length < end; ++tap) {
        const i64 start = tap * length, first = most(begin, start), last = least(end, start + length);
        if (tap < place.rows.begin || tap >= place.rows.end) {
            unseen(first, last);
            continue;
        }
        const i64 a = clamp(start + place.columns.begin * channels, first, last);
        const i64 b = clamp(start + place.columns.end * channels, first, last);
        if (first < a) unseen(first, a);
        const i64 row = place.example * grid.rows.size + place.row + grid.rows.direction * tap;
        const i64 pixel = row * grid.columns.size + place.column;
        if (grid.columns.direction > 0) {
            if (a < b) seen(a, b, pixel * channels + a - start);
        } else {
            for (i64 t = place.columns.begin; t < place.columns.end; ++t) {
                const i64 from = most(a, start + t * channels), to = least(b, start + (t + 1) * channels);
                if (from < to) seen(from, to, (pixel - t) * channels + from - start - t * channels);
            }
        }
        if (b < last) unseen(b, last);
    }
}

inline void copy_elements(float* to, const u16* from, i64 offset, i64 n) { from_halves(from + offset, n, to); }
template <class T>
inline void copy_elements(T* to, const T* from, i64 offset, i64 n) {
    copy_run(to, from + offset, n * static_cast<i64>(sizeof(T)));
}

// Elements [begin, begin + n) of the patches of `count` places, from a source of elements (f16 becomes f32, i4
// bytes), in rows of `stride`. Elements from n up to `padded` are zero.
template <class Source, class U>
inline void gather(const Grid& grid, const Place* places, i64 count, const Source& source, i64 channels, Span part,
                   i64 padded, U* out, i64 stride) {
    const auto zero = [](U* from, i64 n) { std::memset(from, 0, static_cast<std::size_t>(n) * sizeof(U)); };
    const i64 n = part.size();
    for (i64 m = 0; m < count; ++m) {
        U* to = out + m * stride;
        visit(
            grid, places[m], channels, part.begin, part.end,
            [&](i64 first, i64 last, i64 offset) {
                copy_elements(to + (first - part.begin), source, offset, last - first);
            },
            [&](i64 first, i64 last) { zero(to + (first - part.begin), last - first); });
        if (n < padded) zero(to + n, padded - n);
    }
}

}  // namespace linocut::LINOCUT_NS
