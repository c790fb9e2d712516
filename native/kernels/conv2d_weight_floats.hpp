// The floats of conv2d_weight_gradient: as products of matrices where pixels of dY and X meet one to one, along the
// rows of an image where these are wide, else of pixels gathered one by one. Each sum goes over the pixels in their
// order.
#pragma once

#include "conv2d_pixels.hpp"
#include "float_product.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

inline constexpr i64 float_block = 64;

using FloatSums = float[most_rows][outputs_at_once];

inline void clear_sums(const Part& part, FloatSums* sums) {
    for (i64 p = 0; p * outputs_at_once < part.outputs; ++p)
        std::memset(sums[p], 0, static_cast<std::size_t>(part.weights()) * sizeof sums[p][0]);
}

// sink(row of the weights' matrix, first input, count, gradients)
template <class Sink>
inline void give_sums(const Convolution& conv, const Part& part, const FloatSums* sums, Sink&& sink) {
    each_tap(conv, part, [&](i64 o, i64 t, i64 weights_row) {
        float gradients[segment];
        for (i64 c = 0; c < part.inputs; ++c) {
            gradients[c] = sums[o / outputs_at_once][t * part.inputs + c][o % outputs_at_once];
        }
        sink(weights_row, part.first, part.inputs, gradients);
    });
}

// The rows of one pixel, as floats; what a tap writes past its inputs, the next writes over.
inline void load_pixel(const Convolution& conv, const Part& part, const Pixel& pixel, float* out) {
    const bool floats = conv.x.format == Format::f16 || conv.x.format == Format::f32;
    for (i64 r = 0; r < part.rows; ++r) {
        const Seen seen(conv, part, pixel, r);
        if (floats && part.inputs == conv.x.cols) {  // taps side by side follow each other
            const i64 taps = seen.end - seen.begin, row = part.columns * part.inputs;
            if (taps < part.columns) std::memset(out, 0, static_cast<std::size_t>(row) * sizeof(float));
            if (taps > 0) {
                load_some_floats(conv.x, seen.at + seen.begin, 0, taps * part.inputs, out + seen.begin * part.inputs);
            }
            out += row;
            continue;
        }
        for (i64 c = 0; c < part.columns; ++c, out += part.inputs) {
            if (seen.sees(c)) {
                weight_gradient::load_inputs(conv.x, seen.at + c, part.first / segment, part.inputs, out);
            } else {
                std::memset(out, 0, static_cast<std::size_t>(part.inputs) * sizeof(float));
            }
        }
    }
}

// `zeros`: beyond n columns too, where the panel has others yet.
inline void load_gradients(const Operand& dy, const Pixel* pixels, i64 count, i64 output, i64 n, bool zeros,
                           FloatPanel& panel) {
    for (i64 i = 0; i < count; ++i) {
        load_some_floats(dy, pixels[i].gradient, output, n, panel[i]);
        for (i64 c = n; zeros && c < float_columns; ++c) panel[i][c] = 0.0f;
    }
}

// What multiply_tile adds, of gradients that are not all finite: a tap on padding adds nothing, not 0 times them.
template <bool Exact>
inline void multiply_seen(const Convolution& conv, const Part& part, const Pixel* pixels, i64 count, const float* rows,
                          const FloatPanel& panel, FloatSums& sums) {
    for (i64 i = 0; i < count; ++i) {
        for (i64 r = 0; r < part.rows; ++r) {
            const Seen seen(conv, part, pixels[i], r);
            const i64 first = (r * part.columns + seen.begin) * part.inputs, n = (seen.end - seen.begin) * part.inputs;
            multiply_tile<Exact>(n, {rows + i * part.weights() + first, 1, 0}, panel + i, 1, sums + first);
        }
    }
}

template <bool Exact, class Sink>
[[gnu::noinline]] void float_gradients(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    auto& sums = space.take<FloatSums[most_panels]>();
    auto& panel = space.take<FloatPanel>();
    auto& rows = space.take<float[float_block * most_rows + segment]>();
    Pixel pixels[float_block];
    const Pixels all(conv, part);
    clear_sums(part, sums);
    for (i64 base = 0; base < all.count(); base += float_block) {
        const i64 count = least(float_block, all.count() - base);
        all.list(base, count, pixels);
        for (i64 i = 0; i < count; ++i) load_pixel(conv, part, pixels[i], rows + i * part.weights());
        for (i64 o = 0; o < part.outputs; o += outputs_at_once) {
            FloatSums& tile = sums[o / outputs_at_once];
            const i64 outputs = least(outputs_at_once, part.outputs - o);
            const bool zeros = base == 0 || part.outputs > outputs_at_once;
            load_gradients(conv.dy, pixels, count, part.output + o, outputs, zeros, panel);
            if (all_finite(panel, count, outputs)) {
                multiply_tile<Exact>(part.weights(), {rows, 1, part.weights()}, panel, count, tile, part.outputs - o);
            } else {
                multiply_seen<Exact>(conv, part, pixels, count, rows, panel, tile);
            }
        }
    }
    give_sums(conv, part, sums, sink);
}

// Pixels of dY that lie side by side, and the rows of X that a part's taps see of them: pixels of X lie side by side
// too, so that what a tap sees is found by steps. Beyond an image's sides there are zeros, above and below nothing.
class Lines {
  public:
    static constexpr i64 room = float_block * most_rows;
    static constexpr i64 least_width = 16;  // of shorter rows more is gained by many pixels at once

    static bool usable(const Convolution& conv, const Part& part) {
        return conv.output.width >= least_width && part.inputs == conv.x.cols && pixels_at_once(conv, part) > 0;
    }
    static i64 pixels_at_once(const Convolution& conv, const Part& part) {
        const i64 seen = room / (part.rows * part.inputs);  // pixels of X, of each row
        return seen < part.columns ? 0 : least(float_chunk, (seen - part.columns) / conv.window.stride + 1);
    }

    Lines(const Convolution& conv, const Part& part, float* floats) : conv_(conv), part_(part), floats_(floats) {}

    void load(i64 example, i64 row, i64 column, i64 n) {
        row_ = row;
        first_ = conv_.window.input_column(column, part_.column);
        length_ = (n - 1) * conv_.window.stride + part_.columns;
        const i64 begin = clamp<i64>(-first_, 0, length_), end = clamp(conv_.input.width - first_, begin, length_);
        for (i64 r = 0; r < part_.rows; ++r) {
            if (!sees(r)) continue;
            float* to = line(r);
            clear(to, begin);
            const i64 at = conv_.input.pixel(example, conv_.window.input_row(row, part_.row + r), first_ + begin);
            load_pixels(at, end - begin, to + begin * part_.inputs);
            clear(to + end * part_.inputs, length_ - end);
        }
    }

    bool sees(i64 r) const {
        const i64 row = conv_.window.input_row(row_, part_.row + r);
        return row >= 0 && row < conv_.input.height;
    }
    float* line(i64 r) const { return floats_ + r * length_ * part_.inputs; }
    i64 step() const { return conv_.window.stride * part_.inputs; }

    // Which taps [begin, end) of a row see something of pixel i.
    Span seen(i64 i) const {
        const i64 column = first_ + i * conv_.window.stride;
        const i64 begin = clamp<i64>(-column, 0, part_.columns);
        return {begin, clamp(conv_.input.width - column, begin, part_.columns)};
    }

  private:
    void load_pixels(i64 at, i64 n, float* to) const {
        if (conv_.x.format == Format::f16 || conv_.x.format == Format::f32) {
            load_some_floats(conv_.x, at, 0, n * part_.inputs, to);
            return;
        }
        if (conv_.x.format == Format::u8)
            return weight_gradient::load_bytes(row<u8>(conv_.x, at), n * part_.inputs, to);
        for (i64 i = 0; i < n; ++i)  // what a pixel writes past its inputs, the next writes over
            weight_gradient::load_inputs(conv_.x, at + i, 0, part_.inputs, to + i * part_.inputs);
    }
    void clear(float* to, i64 pixels) const {
        std::memset(to, 0, static_cast<std::size_t>(pixels * part_.inputs) * sizeof *to);
    }

    const Convolution& conv_;
    const Part& part_;
    float* floats_;
    i64 row_ = 0, first_ = 0, length_ = 0;
};

// sums += over n pixels that lie side by side, whose dY the panel holds.
template <bool Exact>
inline void multiply_lines(const Part& part, const Lines& lines, i64 n, i64 outputs, const FloatPanel& panel,
                           FloatSums& sums) {
    const i64 run = part.columns * part.inputs;
    const bool finite = all_finite(panel, n, outputs);
    for (i64 r = 0; r < part.rows; ++r) {
        if (!lines.sees(r)) continue;
        if (finite) {
            multiply_tile<Exact>(run, {lines.line(r), 1, lines.step()}, panel, n, sums + r * run, outputs);
            continue;
        }
        for (i64 i = 0; i < n; ++i) {  // a tap on padding adds nothing, not 0 times an infinity
            const Span seen = lines.seen(i);
            const i64 first = seen.begin * part.inputs;
            multiply_tile<Exact>(seen.size() * part.inputs, {lines.line(r) + i * lines.step() + first, 1, 0}, panel + i,
                                 1, sums + r * run + first, outputs);
        }
    }
}

// Of few outputs those of pixels side by side lie side by side too.
using Together = float[float_chunk * few_columns + few_columns];

inline void load_side_by_side(const Operand& dy, i64 pixel, i64 n, i64 output, i64 outputs, Together& together,
                              FloatPanel& panel) {
    if (dy.cols > few_columns) {
        for (i64 i = 0; i < n; ++i) load_some_floats(dy, pixel + i, output, outputs, panel[i]);
        return;
    }
    load_some_floats(dy, pixel, 0, n * dy.cols, together);
    std::memset(together + n * dy.cols, 0, few_columns * sizeof(float));  // the last is copied with what follows it
    for (i64 i = 0; i < n; ++i) std::memcpy(panel[i], together + i * dy.cols, few_columns * sizeof(float));
}

template <bool Exact, class Sink>
[[gnu::noinline]] void line_gradients(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    auto& sums = space.take<FloatSums[most_panels]>();
    auto& panel = space.take<FloatPanel>();
    auto& floats = space.take<float[Lines::room + segment]>();
    auto& together = space.take<Together>();
    Lines lines(conv, part, floats);
    const i64 at_once = Lines::pixels_at_once(conv, part);
    const Pixels all(conv, part);
    clear_sums(part, sums);
    std::memset(panel, 0, sizeof panel);
    all.each_run(0, all.count(), [&](i64 example, i64 row, i64 first, i64 width) {
        for (i64 column = first; column < first + width; column += at_once) {
            const i64 n = least(at_once, first + width - column);
            const i64 gradient = conv.output.pixel(example, row, column);
            lines.load(example, row, column, n);
            for (i64 o = 0; o < part.outputs; o += outputs_at_once) {
                const i64 outputs = least(outputs_at_once, part.outputs - o);
                load_side_by_side(conv.dy, gradient, n, part.output + o, outputs, together, panel);
                multiply_lines<Exact>(part, lines, n, outputs, panel, sums[o / outputs_at_once]);
            }
        }
    });
    give_sums(conv, part, sums, sink);
}

// Whether a pixel of dY sees that of X with its number, and no other: two matrices.
inline bool one_to_one(const Convolution& conv) {
    const Window& w = conv.window;
    const bool same = conv.input.height == conv.output.height && conv.input.width == conv.output.width;
    return same && w.height == 1 && w.width == 1 && w.stride == 1 && w.pad_top == 0 && w.pad_left == 0;
}

// Of few such pixels a part is some outputs with all of their inputs: rows of weights are gone through as they lie in
// memory, which a processor foresees. X is multiplied where it lies, or packed for all parts that follow each other.
class WholeRows {
  public:
    static bool usable(const Convolution& conv) {
        const bool few = conv.dy.rows <= float_chunk && words(conv.x.cols) * conv.dy.rows <= room;
        return !is_integer(conv.dy.format) && few && words(conv.x.cols) > 1 && one_to_one(conv);
    }
    static i64 parts(const Convolution& conv) { return divide_up(conv.dy.cols, at_once); }

    WholeRows(const Convolution& conv, Workspace space)
        : dy_(conv.dy),
          x_(conv.x),
          count_(conv.dy.rows),
          in_place_(conv.x.format == Format::f32 && conv.x.cols % crowded != 0),
          panels_(space.take<float[room][float_columns]>()),
          dy_floats_(space.take<float[at_once * float_chunk]>()) {
        for (i64 word = 0; word < words(x_.cols); ++word) {
            if (lies(word)) continue;
            for (i64 e = 0; e < count_; ++e)
                weight_gradient::load_inputs(x_, e, word, inputs(word), panels_[word * count_ + e]);
        }
    }

    template <bool Exact, class Sink>
    void run(i64 part, const Sink& sink) const {
        const i64 output = part * at_once, outputs = least(at_once, dy_.cols - output);
        const FloatRows factors = transposed(float_part(dy_, 0, count_, output, outputs, dy_floats_));
        for (i64 word = 0; word < words(x_.cols); ++word) {
            float tile[at_once][float_columns] = {};
            if (word + 1 < words(x_.cols)) fetch(sink, output, outputs, word + 1);
            if (lies(word)) {
                const PanelInPlace panel{row<float>(x_, 0) + word * segment, x_.cols};
                multiply_tile<Exact>(outputs, factors, panel, count_, tile);
            } else {
                multiply_tile<Exact>(outputs, factors, panels_ + word * count_, count_, tile, inputs(word));
            }
            for (i64 o = 0; o < outputs; ++o) sink(output + o, word * segment, inputs(word), tile[o]);
        }
    }

  private:
    static constexpr i64 at_once = 2 * float_rows_at_once;
    static constexpr i64 room = 1344;    // rows of panels
    static constexpr i64 crowded = 128;  // rows of a multiple of so many columns would share lines of the cache

    i64 inputs(i64 word) const { return least(segment, x_.cols - word * segment); }
    bool lies(i64 word) const { return in_place_ && inputs(word) == segment; }

    template <class Sink>
    void fetch(const Sink& sink, i64 output, i64 outputs, i64 word) const {
        if constexpr (requires { sink.fetch(output, word, word); }) {
            for (i64 o = 0; o < outputs; ++o) sink.fetch(output + o, word * segment, inputs(word));
        }
    }

    const Operand &dy_, &x_;
    const i64 count_;
    const bool in_place_;
    float (&panels_)[room][float_columns];
    float (&dy_floats_)[at_once * float_chunk];
};

template <bool Exact, class Sink>
inline void gradients_of(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    if (one_to_one(conv)) {
        weight_gradient::float_gradients<Exact>(conv.dy, part.output, part.outputs, conv.x, part.first / segment, space,
                                                sink);
    } else if (Lines::usable(conv, part)) {
        line_gradients<Exact>(conv, part, space, sink);
    } else {
        float_gradients<Exact>(conv, part, space, sink);
    }
}

// What a sink is given, times a factor.
template <class Sink>
struct Scaled {
    Sink& sink;
    const float scale;

    void operator()(i64 weights_row, i64 first, i64 n, float* gradients) const {
        for (i64 c = 0; c < n; ++c) gradients[c] *= scale;
        sink(weights_row, first, n, gradients);
    }
    void fetch(i64 weights_row, i64 first, i64 n) const
        requires requires(Sink& s) { s.fetch(weights_row, first, n); }
    {
        sink.fetch(weights_row, first, n);
    }
};

// sink(row of the weights' matrix, first input, count, gradients): all those of the parts [begin, end). The sink may
// change the gradients that it is given; its fetch(row, first input, count) says which will come, where that is known.
template <class Sink>
inline void each_float_gradient(const Call& call, const Convolution& conv, bool exact, i64 begin, i64 end,
                                Sink&& sink) {
    const Scaled<Sink> scaled{sink, conv.x.format == Format::u8 ? 1.0f / 255.0f : 1.0f};
    if (WholeRows::usable(conv)) {
        const WholeRows rows(conv, Workspace(call));
        for (i64 part = begin; part < end; ++part) {
            exact ? rows.template run<true>(part, scaled) : rows.template run<false>(part, scaled);
        }
        return;
    }
    const Division division = division_by_rows(conv, outputs_of_part(conv.x));
    for (i64 unit = begin; unit < end; ++unit) {
        if (exact) {
            gradients_of<true>(conv, division[unit], Workspace(call), scaled);
        } else {
            gradients_of<false>(conv, division[unit], Workspace(call), scaled);
        }
    }
}

enum { EXACT = 3 };  // the attribute after those of the window

inline void run_floats(const Call& call, i64 begin, i64 end) {
    each_float_gradient(call, Convolution(call), call.attributes[EXACT] != 0.0, begin, end,
                        [&](i64 weights_row, i64 first, i64 n, const float* gradients) {
                            weight_gradient::store_gradients(call.operands[WEIGHTS], weights_row, first, n, gradients);
                        });
}

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
