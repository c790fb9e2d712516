// Windows that move over images (src/linocut/ops/window.py): output (i, j) sees input (i stride + p - pad_top, j stride
// + q - pad_left) through tap (p, q).
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// Whole numbers [begin, end); none where end <= begin.
struct Span {
    i64 begin, end;

    i64 size() const { return end - begin; }
};

struct Image {
    i64 batch, height, width, channels;

    explicit Image(const Operand& operand)
        : batch(operand.shape[0]), height(operand.shape[1]), width(operand.shape[2]), channels(operand.cols) {}

    // The row, in the operand's matrix, of a pixel.
    i64 pixel(i64 example, i64 row, i64 column) const { return (example * height + row) * width + column; }
    i64 pixels() const { return batch * height * width; }
};

struct Window {
    i64 height, width, stride, pad_top, pad_left;

    // The input row or column that an output sees through a tap; outside [0, size) it is padding.
    i64 input_row(i64 output, i64 tap) const { return output * stride + tap - pad_top; }
    i64 input_column(i64 output, i64 tap) const { return output * stride + tap - pad_left; }

    // How far its taps reach down and to the right of where an output is, at a stride of 1.
    i64 below() const { return height - 1 - pad_top; }
    i64 right() const { return width - 1 - pad_left; }

    // The output row or column that sees an input through a tap, or -1.
    i64 output_row(i64 input, i64 tap, i64 size) const { return output_of(input + pad_top - tap, size); }
    i64 output_column(i64 input, i64 tap, i64 size) const { return output_of(input + pad_left - tap, size); }

  private:
    i64 output_of(i64 at, i64 size) const {
        return at < 0 || at % stride != 0 || at / stride >= size ? -1 : at / stride;
    }
};

// visit(number of the first, example, row, column, how many) for those of `pixels`, numbers in images of so many rows
// and columns, that lie side by side in one row.
template <class Visit>
inline void each_run(i64 rows, i64 columns, Span pixels, const Visit& visit) {
    for (i64 from = pixels.begin, n; from < pixels.end; from += n) {
        const i64 column = from % columns, row = from / columns;
        n = least(pixels.end - from, columns - column);
        visit(from, row / rows, row % rows, column, n);
    }
}

// Of a convolution: `weights` are (outputs, height, width, inputs), the attributes start with stride, pad_top and
// pad_left.
inline Window conv_window(const Operand& weights, const double* attributes) {
    return {weights.shape[1], weights.shape[2], static_cast<i64>(attributes[0]), static_cast<i64>(attributes[1]),
            static_cast<i64>(attributes[2])};
}

// Of a pool: the attributes are height, width, stride, pad_top and pad_left.
inline Window pool_window(const double* attributes) {
    return {static_cast<i64>(attributes[0]), static_cast<i64>(attributes[1]), static_cast<i64>(attributes[2]),
            static_cast<i64>(attributes[3]), static_cast<i64>(attributes[4])};
}

}  // namespace linocut::LINOCUT_NS
