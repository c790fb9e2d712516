// conv2d_weight_gradient of few channels, in integers: sums along strips of pixels, where a set multiplies these
// (simd/strips).
// How:   the pixels of dY and of X lie in one order, images row by row, with as much that is nothing between rows and
//        between images as taps reach beyond them: the pixel that a tap sees is as far away for all. An input is a
//        strip of bytes, 1 + x, of which what is nothing is 1; an output one of dY, 0 there. So a weight's gradient is
//        the product of two strips, less the sum of dY. A part owns some outputs; strips are made a band of rows at a
//        time.
#pragma once

#include "conv2d_pixels.hpp"
#include "gradient_words.hpp"
#include "nibbles.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

// Where pixels lie: `pitch` from row to row, `rows` of an image with those of nothing behind it.
struct StripOrder {
    static constexpr i64 outputs = 8;  // of a part: the bytes of a word
    static constexpr i64 most_inputs = segment, most_taps = 9, input_bytes = 163840, most_pixels_of_band = 4096,
                         most_margin = 1024;

    i64 above, left, pitch, rows, margin, band_rows;

    explicit StripOrder(const Convolution& conv) {
        const Window& w = conv.window;
        above = most(w.pad_top, w.height - 1 - w.pad_top);
        left = most(w.pad_left, w.width - 1 - w.pad_left);
        pitch = conv.input.width + left;
        rows = conv.input.height + above;
        margin = divide_up(above * pitch + left, segment) * segment;
        band_rows = least(rows * conv.input.batch, most_pixels(conv) / pitch);
    }

    // Pixels of a band, so that the strips of all inputs have room.
    i64 most_pixels(const Convolution& conv) const {
        return least<i64>(most_pixels_of_band,
                          input_bytes / conv.input.channels / segment * segment - 2 * margin - segment);
    }
    i64 band_pixels() const { return band_rows * pitch; }
    i64 output_stride() const { return output_strip() + segment; }  // an odd number of cache lines
    i64 output_strip() const { return divide_up(band_pixels(), segment) * segment; }
    i64 input_strip() const { return output_strip() + 2 * margin; }

    bool usable(const Convolution& conv) const {
        const Window& w = conv.window;
        const bool same = conv.output.height == conv.input.height && conv.output.width == conv.input.width;
        const bool few = conv.input.channels <= most_inputs && w.height * w.width <= most_taps;
        return w.stride == 1 && w.pad_top >= 0 && w.pad_left >= 0 && same && few &&
               conv.output.channels % outputs == 0 && margin <= most_margin && pitch <= most_margin && band_rows > 0;
    }
};

template <class S = Strips>
inline bool by_strips(const Convolution& conv) {
    if constexpr (S::usable) {
        return is_integer(conv.dy.format) && conv.x.format == Format::bit && StripOrder(conv).usable(conv);
    } else {
        return false;
    }
}

inline i64 strip_parts(const Convolution& conv) { return conv.output.channels / StripOrder::outputs; }

template <class S>
class StripProducts {
    static constexpr i64 outputs = StripOrder::outputs, most_columns = StripOrder::most_inputs * StripOrder::most_taps;
    static constexpr i64 quads = outputs / S::rows;
    static constexpr i64 words_at_once = StripOrder::most_pixels_of_band + 4 * StripOrder::most_margin;

  public:
    StripProducts(const Convolution& conv, i64 part, Workspace space)
        : conv_(conv),
          order_(conv),
          output_(part * outputs),
          columns_(conv.window.height * conv.window.width * conv.input.channels),
          inputs_(space.several<u8>(StripOrder::input_bytes)),
          outputs_(space.several<u8>(outputs * (StripOrder::most_pixels_of_band + segment))),
          words_(space.several<u64>(words_at_once)),
          nothing_(space.several<u8>(words_at_once)),
          sums_(space.take<i32[quads][most_columns + S::columns][S::rows]>()) {}

    // sink(Words): the gradients of a tap of every output.
    template <class Sink>
    void run(Sink&& sink) {
        std::memset(sums_, 0, sizeof sums_);
        const i64 all = order_.rows * conv_.input.batch;
        for (i64 first = 0; first < all; first += order_.band_rows) {
            fill_outputs(first, least(order_.band_rows, all - first));
            fill_inputs(first);
            multiply();
        }
        give(sink);
    }

  private:
    // Of the pixels of rows from `first` on, in their order from position `at` on: visit(pixel or -1, position).
    template <class Visit>
    void each_row(i64 first, i64 count, const Visit& visit) const {
        for (i64 r = first; r < first + count; ++r) {
            const i64 example = r / order_.rows, y = r % order_.rows;
            const bool there = r >= 0 && example < conv_.input.batch && y < conv_.input.height;
            visit(there ? conv_.input.pixel(example, y, 0) : -1, (r - first) * order_.pitch);
        }
    }

    void fill_outputs(i64 first, i64 rows) {
        const i64 strip = order_.output_strip(), stride = order_.output_stride();
        std::memset(words_, 0, static_cast<std::size_t>(strip) * sizeof(u64));
        const bool bytes = conv_.dy.format == Format::i8;
        each_row(first, rows, [&](i64 pixel, i64 at) {
            if (pixel < 0) return;
            bytes ? gather<outputs>(row<u8>(conv_.dy, pixel) + output_, conv_.dy.cols, words_ + at)
                  : gather<outputs / 2>(nibble_row(conv_.dy, pixel, output_), nibble_bytes(conv_.dy.cols), words_ + at);
        });
        for (i64 p = 0; p < strip; p += segment) {
            if (!bytes) part_nibbles(words_ + p);
            S::turn(words_ + p, outputs_ + p, stride);
        }
        for (i64 o = 0; o < outputs; ++o) {
            if (!bytes) S::look_up(mantissas_of_nibbles, outputs_ + o * stride, strip);
            totals_[o] += sum_bytes(outputs_ + o * stride, strip);
        }
    }

    // Words of the outputs of an image's row of pixels, of so many bytes each.
    template <int Bytes>
    void gather(const u8* from, i64 step, u64* out) const {
        for (i64 c = 0; c < conv_.input.width; ++c) std::memcpy(out + c, from + c * step, Bytes);
    }

    // Nibbles of the lower half of 64 words to bytes of their own.
    static void part_nibbles(u64* words) {
        for (i64 i = 0; i < segment; ++i) {
            u64 word = words[i];
            word = (word | word << 16) & 0x0000'FFFF'0000'FFFF;
            word = (word | word << 8) & 0x00FF'00FF'00FF'00FF;
            words[i] = (word | word << 4) & 0x0F0F'0F0F'0F0F'0F0F;
        }
    }

    // A band's inputs, and those within `margin` of it.
    void fill_inputs(i64 first) {
        const i64 strip = order_.input_strip(), before = divide_up(order_.margin, order_.pitch);
        const i64 lead = before * order_.pitch, rows = before + divide_up(strip - order_.margin, order_.pitch);
        const i64 skipped = lead - order_.margin;  // positions before the strip's first
        std::memset(nothing_, 1, static_cast<std::size_t>(rows * order_.pitch));
        std::memset(words_, 0, static_cast<std::size_t>(rows * order_.pitch) * sizeof(u64));
        each_row(first - before, rows, [&](i64 pixel, i64 at) {
            if (pixel < 0) return;
            const std::size_t width = static_cast<std::size_t>(conv_.input.width);
            std::memcpy(words_ + at, bit_row(conv_.x, pixel), width * sizeof(u64));
            std::memset(nothing_ + at, 0, width);
        });
        alignas(64) u8 octets[sizeof(u64)][segment];
        for (i64 p = 0; p < strip; p += segment) {
            S::turn(words_ + skipped + p, octets[0], segment);
            for (i64 c = 0; c < conv_.input.channels; ++c) {
                put_input(octets[c / 8], static_cast<int>(c % 8), nothing_ + skipped + p, inputs_ + c * strip + p);
            }
        }
    }

    // 1 + x: twice the bit of each octet, 1 where nothing is. By words, as bytes are not shifted.
    static void put_input(const u8* octets, int bit, const u8* nothing, u8* out) {
        typedef u16 Words [[gnu::vector_size(segment)]];
        Words all, more;
        std::memcpy(&all, octets, sizeof all);
        std::memcpy(&more, nothing, sizeof more);
        all = ((bit == 0 ? all << 1 : all >> (bit - 1)) & 0x0202) + more;
        std::memcpy(out, &all, sizeof all);
    }

    i64 taps() const { return conv_.window.height * conv_.window.width; }

    // Column k of the products: an input's tap. All taps of an input follow each other, while it is in the cache.
    const u8* column(i64 k) const {
        const i64 c = k / taps(), tap = k % taps(), width = conv_.window.width;
        const i64 down = tap / width - conv_.window.pad_top, right = tap % width - conv_.window.pad_left;
        return inputs_ + c * order_.input_strip() + order_.margin + down * order_.pitch + right;
    }

    void multiply() {
        const i64 stride = order_.output_stride(), vectors = order_.output_strip() / S::width;
        for (i64 k = 0; k < columns_; k += S::columns) {
            const u8* strips[S::columns];
            for (i64 i = 0; i < S::columns; ++i) strips[i] = column(least(k + i, columns_ - 1));
            for (i64 q = 0; q < quads; ++q) {
                const i8* from = reinterpret_cast<const i8*>(outputs_) + q * S::rows * stride;
                S::add(strips, from, stride, vectors, sums_[q] + k);
            }
        }
    }

    template <class Sink>
    void give(Sink&& sink) {
        const i64 inputs = conv_.input.channels, width = conv_.window.width;
        static_assert(gradient_words::words_at_once >= outputs);
        for (i64 t = 0; t < taps(); ++t) {
            alignas(64) i32 gradients[outputs][segment] = {};
            gradient_words::Words<i32> found{gradients, 0, inputs, outputs};
            for (i64 j = 0; j < outputs; ++j) {
                for (i64 c = 0; c < inputs; ++c) {
                    const u32 sum = static_cast<u32>(sums_[j / S::rows][c * taps() + t][j % S::rows]);
                    gradients[j][c] = static_cast<i32>(sum - static_cast<u32>(totals_[j]));
                }
                found.rows[j] = conv_.weights_row(output_ + j, t / width, t % width);
            }
            sink(found);
        }
    }

    const Convolution& conv_;
    const StripOrder order_;
    const i64 output_, columns_;
    u8 *inputs_, *outputs_;
    u64* words_;
    u8* nothing_;
    i32 (&sums_)[quads][most_columns + S::columns][S::rows];
    i32 totals_[outputs] = {};
};

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
