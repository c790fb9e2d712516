// How conv2d_weight_gradient is divided into parts, and which pixels of dY and X meet in a part.
//
// A part owns a rectangle of taps, a word of inputs and a block of outputs: weights that no other part touches.
#pragma once

#include "float_product.hpp"
#include "window.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

enum {
    DY,
    X,
    WEIGHTS
};  // of conv2d_weight_gradient and of its fused updates, whose attributes all start with the window's

struct Convolution {
    const Operand &dy, &x;
    Image input, output;
    Window window;

    explicit Convolution(const Call& call)
        : dy(call.operands[DY]),
          x(call.operands[X]),
          input(x),
          output(dy),
          window(conv_window(call.operands[WEIGHTS], call.attributes)) {}

    // The row, in the weights' matrix, of a tap of an output.
    i64 weights_row(i64 n, i64 p, i64 q) const { return (n * window.height + p) * window.width + q; }
};

// Taps [row, row + rows) x [column, column + columns), inputs [first, first + inputs) of one word, outputs [output,
// output + outputs). The products of a part have a row for each tap's inputs, tap by tap.
struct Part {
    i64 row, rows, column, columns, first, inputs, output, outputs;

    i64 taps() const { return rows * columns; }
    i64 weights() const { return taps() * inputs; }
    i64 products() const { return taps() * (inputs + 1); }
};

// A part's weights per output, and one more row for each of its taps, are at most this many: five taps of 64 inputs.
inline constexpr i64 most_rows = 5 * (segment + 1);
// Of bits as bytes they may be more, nine taps: then a row of taps at a time, of the same packed dY.
inline constexpr i64 most_tall_rows = 9 * (segment + 1);
inline constexpr i64 outputs_at_once = 64;
inline constexpr i64 most_panels = 2;  // of outputs, in one part
inline constexpr i64 few_inputs = 32;

// The largest of the fewest pieces, of at most `most` each.
inline i64 evenly(i64 size, i64 most) { return divide_up(size, divide_up(size, most)); }

// Parts of `rows` times `columns` taps, so many words of inputs and so many outputs.
struct Division {
    const Convolution& conv;
    i64 rows, columns, words_of_part, outputs;

    i64 parts() const { return beside() * across() * down() * divide_up(conv.output.channels, outputs); }

    Part operator[](i64 unit) const {
        const i64 first = unit % beside() * words_of_part * segment, column = unit / beside() % across() * columns;
        const i64 row = unit / beside() / across() % down() * rows;
        const i64 output = unit / beside() / across() / down() * outputs;
        return {row,    least(rows, conv.window.height - row),
                column, least(columns, conv.window.width - column),
                first,  least(words_of_part * segment, conv.input.channels - first),
                output, least(outputs, conv.output.channels - output)};
    }

  private:
    i64 beside() const { return divide_up(words(conv.input.channels), words_of_part); }
    i64 across() const { return divide_up(conv.window.width, columns); }
    i64 down() const { return divide_up(conv.window.height, rows); }
};

// Of a word of inputs each. Whole windows where they are small, else some rows of taps, else a piece of a row. One part
// in all of few inputs, of bits or where sums are of floats, is divided by rows of taps, and where there is one row, of
// floats, by outputs. Three parts in all are divided otherwise, as two threads would wait for the third; but few bits
// are packed fastest by rows. Of bits all rows of taps share what is packed of dY, where parts enough are left.
inline Division division_by_rows(const Convolution& conv, i64 outputs_of_part) {
    const Window& window = conv.window;
    const i64 most_taps = most_rows / (least(segment, conv.input.channels) + 1);
    const i64 columns = evenly(window.width, most_taps);
    Division division{conv, columns < window.width ? 1 : evenly(window.height, most_taps / columns), columns, 1,
                      outputs_of_part};
    const i64 half_columns = divide_up(columns, 2), half_rows = divide_up(window.height, 2);
    const bool by_rows = conv.x.format == Format::bit || !is_integer(conv.dy.format);
    if (division.parts() == 1 && conv.input.channels <= few_inputs && by_rows) {
        division.rows = 1;
        const i64 half = divide_up(divide_up(conv.output.channels, 2), few_columns) * few_columns;
        if (division.parts() == 1 && !is_integer(conv.dy.format) && half < conv.output.channels)
            division.outputs = half;
        if (conv.x.format == Format::bit) return division;
    }
    const i64 tall = window.height * columns * (least(segment, conv.input.channels) + 1);
    if (conv.x.format == Format::bit && is_integer(conv.dy.format) && columns == window.width &&
        tall <= most_tall_rows) {
        Division whole = division;
        whole.rows = window.height;
        if (whole.parts() >= 4) return whole;
    }
    if (division.parts() == 3 && division.rows == 1 && half_columns * half_rows <= most_taps) {
        division.columns = half_columns;
        division.rows = half_rows;
    }
    return division;
}

// A pixel of dY: its row in dY's matrix, the first row of its example in X's, and where in X its window begins.
struct Pixel {
    i64 gradient, example, row, column;
};

// Those pixels of dY whose rows some tap of a part sees, numbered in their order.
class Pixels {
  public:
    Pixels(const Convolution& conv, const Part& part) : conv_(conv) {
        const Window& w = conv.window;
        const i64 above = w.pad_top - (part.row + part.rows - 1), below = conv.input.height - 1 + w.pad_top - part.row;
        first_ = above > 0 ? divide_up(above, w.stride) : 0;
        rows_ = below < 0 ? 0 : most<i64>(0, least(conv.output.height, below / w.stride + 1) - first_);
    }

    i64 count() const { return conv_.output.batch * rows_ * conv_.output.width; }

    // Pixels [begin, begin + count), and as many more that see nothing as fill a group.
    void list(i64 begin, i64 count, Pixel* pixels, i64 group = 4) const {
        const Image &in = conv_.input, &out = conv_.output;
        i64 column = begin % out.width, row = first_ + begin / out.width % rows_, example = begin / out.width / rows_;
        for (i64 i = 0; i < count; ++i) {
            pixels[i] = {out.pixel(example, row, column), in.pixel(example, 0, 0), conv_.window.input_row(row, 0),
                         conv_.window.input_column(column, 0)};
            if (++column < out.width) continue;
            column = 0;
            if (++row < first_ + rows_) continue;
            row = first_;
            ++example;
        }
        for (i64 i = count; i % group; ++i) pixels[i] = {pixels[0].gradient, 0, nowhere, 0};
    }

    // visit(example, row, column, how many) for those of [begin, begin + count) that lie side by side in a row.
    template <class Visit>
    void each_run(i64 begin, i64 count, const Visit& visit) const {
        LINOCUT_NS::each_run(
            rows_, conv_.output.width, {begin, begin + count},
            [&](i64, i64 example, i64 row, i64 column, i64 n) { visit(example, first_ + row, column, n); });
    }

  private:
    static constexpr i64 nowhere = -(i64{1} << 40);

    const Convolution& conv_;
    i64 first_, rows_;
};

// Which taps [begin, end) of a part's row `r` of taps see a pixel of X, and the row in X's matrix of the part's first
// tap.
struct Seen {
    i32 begin, end;
    i64 at;

    Seen() = default;
    [[gnu::always_inline]] Seen(const Convolution& conv, const Part& part, const Pixel& pixel, i64 r) {
        const i64 row = pixel.row + part.row + r, column = pixel.column + part.column;
        const bool inside = row >= 0 && row < conv.input.height;
        const i64 first = inside ? least(most<i64>(0, -column), part.columns) : 0;
        const i64 last = inside ? most(first, least(part.columns, conv.input.width - column)) : 0;
        begin = static_cast<i32>(first);
        end = static_cast<i32>(last);
        at = inside ? pixel.example + row * conv.input.width + column : 0;  // a row far outside has no number
    }

    bool sees(i64 tap) const { return tap >= begin && tap < end; }
};

inline i64 outputs_of_part(const Operand& x) {
    return x.format == Format::u8 ? outputs_at_once : most_panels * outputs_at_once;
}

// The row, in the weights' matrix, of a tap of an output, both counted within the part.
inline i64 row_of(const Convolution& conv, const Part& part, i64 output, i64 tap) {
    return conv.weights_row(part.output + output, part.row + tap / part.columns, part.column + tap % part.columns);
}

// visit(output of the part, tap, row of the weights' matrix) for all of a part.
template <class Visit>
inline void each_tap(const Convolution& conv, const Part& part, Visit&& visit) {
    for (i64 o = 0; o < part.outputs; ++o) {
        for (i64 t = 0; t < part.taps(); ++t) {
            visit(o, t, row_of(conv, part, o, t));
        }
    }
}

// The taps of eight outputs at a time: visit(output of the part, how many, tap).
template <class Visit>
inline void each_tap_of_eight(const Part& part, Visit&& visit) {
    for (i64 o = 0; o < part.outputs; o += 8) {
        for (i64 t = 0; t < part.taps(); ++t) visit(o, least<i64>(8, part.outputs - o), t);
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
