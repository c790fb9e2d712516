// conv2d_input_sums: the sum of dX of a convolution over all pixels, by channel, without dX
// (src/linocut/ops/conv2d_input_sums.py). Three phases: dY over the images; over the columns that a tap's column sees;
// over rows, times the weights.
#pragma once

#include "norm.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_sums {

enum { DY, WEIGHTS, SUMS, WORK };
enum { HEIGHT, WIDTH, STRIDE, PAD_TOP, PAD_LEFT };

inline constexpr i64 block = 32;  // outputs, whose dY of an image lie side by side

struct Shape {
    i64 batch, rows, columns, outputs;

    explicit Shape(const Operand& dy) : batch(dy.shape[0]), rows(dy.shape[1]), columns(dy.shape[2]), outputs(dy.cols) {}
};

// Outputs [begin, end) of `size` of which tap `tap` sees a pixel of `image`.
inline Span seeing(i64 tap, i64 image, i64 size, i64 stride, i64 pad) {
    const i64 before = pad - tap, first = before > 0 ? divide_up(before, stride) : 0, last = image - 1 + before;
    return {first, last < 0 ? 0 : least(size, last / stride + 1)};
}

inline Span seeing_columns(const Call& call, i64 tap) {
    const auto at = [&](int i) { return static_cast<i64>(call.attributes[i]); };
    return seeing(tap, at(WIDTH), Shape(call.operands[DY]).columns, at(STRIDE), at(PAD_LEFT));
}

inline Span seeing_rows(const Call& call, i64 tap) {
    const auto at = [&](int i) { return static_cast<i64>(call.attributes[i]); };
    return seeing(tap, at(HEIGHT), Shape(call.operands[DY]).rows, at(STRIDE), at(PAD_TOP));
}

inline i64 block_units(const Call& call) {
    const Shape shape(call.operands[DY]);
    return divide_up(shape.rows * shape.columns, block);
}

inline i64 row_units(const Call& call) { return Shape(call.operands[DY]).rows * call.operands[WEIGHTS].shape[2]; }

inline i64 one_unit(const Call&) { return 1; }

inline void add_row(const double* from, i64 n, double* sums) {
    for (i64 c = 0; c < n; ++c) sums[c] += from[c];
}

inline void run_blocks(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[DY], &work = call.operands[WORK];
    const Shape shape(dy);
    const i64 pixels = shape.rows * shape.columns;
    double values[segment] = {};
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit * block, stop = least(pixels, first + block);
        std::memset(row<double>(work, first), 0, static_cast<std::size_t>((stop - first) * shape.outputs) * 8);
        for (i64 b = 0; b < shape.batch; ++b) {
            for (i64 p = first; p < stop; ++p) {
                double* sums = row<double>(work, p);
                for (i64 c = 0; c < shape.outputs; c += segment) {
                    const i64 n = least(segment, shape.outputs - c);
                    load_doubles(dy, b * pixels + p, c, n, values);
                    add_row(values, n, sums + c);
                }
            }
        }
    }
}

inline void run_rows(const Call& call, i64 begin, i64 end) {
    const Operand& work = call.operands[WORK];
    const Shape shape(call.operands[DY]);
    for (i64 unit = begin; unit < end; ++unit) {
        double* sums = row<double>(work, shape.rows * shape.columns + unit);
        std::memset(sums, 0, static_cast<std::size_t>(shape.outputs) * sizeof(double));
        const Span seen = seeing_columns(call, unit / shape.rows);
        for (i64 j = seen.begin; j < seen.end; ++j) {
            add_row(row<double>(work, unit % shape.rows * shape.columns + j), shape.outputs, sums);
        }
    }
}

// The sum of the dY of output channel `output` that a tap meets.
inline double of_tap(const Call& call, const Shape& shape, i64 output, i64 p, i64 q) {
    const Span seen = seeing_rows(call, p);
    double sum = 0.0;
    for (i64 i = seen.begin; i < seen.end; ++i) {
        sum += row<double>(call.operands[WORK], shape.rows * (shape.columns + q) + i)[output];
    }
    return sum;
}

inline void run_weights(const Call& call, i64, i64) {
    const Operand &weights = call.operands[WEIGHTS], &sums = call.operands[SUMS];
    const Shape shape(call.operands[DY]);
    const i64 window_rows = weights.shape[1], window_columns = weights.shape[2];
    for (i64 first = 0; first < sums.cols; first += segment) {
        const i64 n = least(segment, sums.cols - first);
        double totals[segment] = {}, factors[segment] = {};
        for (i64 o = 0, at = 0; o < shape.outputs; ++o) {
            for (i64 p = 0; p < window_rows; ++p) {
                for (i64 q = 0; q < window_columns; ++q, ++at) {
                    const double met = of_tap(call, shape, o, p, q);
                    load_doubles(weights, at, first, n, factors);
                    for (i64 c = 0; c < n; ++c) totals[c] += met * factors[c];
                }
            }
        }
        float* out = row<float>(sums, 0) + first;
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<float>(totals[c]);
    }
}

inline constexpr Units units[] = {block_units, row_units, one_unit};
inline constexpr Run run[] = {run_blocks, run_rows, run_weights};

}  // namespace linocut::LINOCUT_NS::conv2d_input_sums
