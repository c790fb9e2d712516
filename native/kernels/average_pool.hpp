// average_pool: the mean over each window of those of its inputs within the image; average_pool_gradient: the same
// share of an output's gradient to each of them. Sums in f32, in the reference's order: taps from the first, for the
// gradient from the last.
#pragma once

#include "pooling.hpp"

namespace linocut::LINOCUT_NS::average_pool {

enum { X, Y };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[Y]); }

inline void average(const Call& call, const pooling::Seen& seen, i64 example, i64 to) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const Image image(x);
    const float count = static_cast<float>(seen.rows.size() * seen.columns.size());
    float copy[segment] = {};
    for (i64 first = 0; first < y.cols; first += segment) {
        const i64 n = least(segment, y.cols - first);
        float sums[segment] = {};
        for (i64 p = seen.rows.begin; p < seen.rows.end; ++p) {
            const i64 line = image.pixel(example, seen.top + p, seen.left);
            for (i64 q = seen.columns.begin; q < seen.columns.end; ++q) {
                const float* values = pooling::elements(x, line + q, first, n, copy);
                for (i64 c = 0; c < segment; ++c) sums[c] += values[c];
            }
        }
        for (i64 c = 0; c < segment; ++c) sums[c] /= count;
        pooling::store_elements(y, to, first, n, sums);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Window window = pool_window(call.attributes);
    const Image image(call.operands[X]), outputs(call.operands[Y]);
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 example = unit / outputs.height, i = unit % outputs.height;
        for (i64 j = 0; j < outputs.width; ++j) {
            average(call, pooling::Seen(window, image, i, j), example, outputs.pixel(example, i, j));
        }
    }
}

}  // namespace linocut::LINOCUT_NS::average_pool

namespace linocut::LINOCUT_NS::average_pool_gradient {

enum { DY, DX };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[DX]); }

// How many inputs output (i, j) has.
inline float count_of(const Window& window, const Image& image, i64 i, i64 j) {
    const pooling::Seen seen(window, image, i, j);
    return static_cast<float>(seen.rows.size() * seen.columns.size());
}

// A pixel of dX from the outputs that cover it; 0 where none does.
inline void gather(const Call& call, const Window& window, i64 example, Span rows, Span columns, i64 to) {
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const Image outputs(dy), image(dx);
    float copy[segment] = {};
    for (i64 first = 0; first < dx.cols; first += segment) {
        const i64 n = least(segment, dx.cols - first);
        float sums[segment] = {};
        for (i64 i = rows.begin; i < rows.end; ++i) {
            for (i64 j = columns.begin; j < columns.end; ++j) {
                const float count = count_of(window, image, i, j);
                const float* values = pooling::elements(dy, outputs.pixel(example, i, j), first, n, copy);
                for (i64 c = 0; c < segment; ++c) sums[c] += values[c] / count;
            }
        }
        pooling::store_elements(dx, to, first, n, sums);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Window window = pool_window(call.attributes);
    const Image image(call.operands[DX]), outputs(call.operands[DY]);
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 example = unit / image.height, at_row = unit % image.height + window.pad_top;
        const Span rows = pooling::outputs_over(at_row, window.height, window.stride, outputs.height);
        for (i64 column = 0; column < image.width; ++column) {
            const Span columns =
                pooling::outputs_over(column + window.pad_left, window.width, window.stride, outputs.width);
            gather(call, window, example, rows, columns, unit * image.width + column);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::average_pool_gradient
