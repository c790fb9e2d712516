// conv2d_weight_gradient of few channels, in integers: sums along strips of pixels, where a set multiplies these
// (simd/strips).
// How:   the pixels of dY and of X lie in one order (sign_strips.hpp), a pixel of dY at the place of that of X with its
//        row and column. Where there is none, dY is 0, and what taps see from there is no matter. A part owns some
//        outputs; strips are made a band of rows at a time.
#pragma once

#include "gradient_words.hpp"
#include "nibbles.hpp"
#include "sign_strips.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

struct StripOrder : PixelOrder {
    static constexpr i64 octet = 8, most_octets = 2;  // outputs that are the bytes of a word; of these in a part
    static constexpr i64 most_taps = 9, input_bytes = 163840, most_pixels_of_band = 4096, most_margin = 1024;
    static constexpr i64 words_at_once = most_pixels_of_band + 4 * most_margin;

    i64 octets, margin, band_rows;

    explicit StripOrder(const Convolution& conv) : PixelOrder(conv), octets(octets_of_part(conv)) {
        const Window& w = conv.window;
        const i64 reach = most(w.pad_top, w.below()) * pitch + most(w.pad_left, w.right());
        margin = divide_up(reach, segment) * segment;
        band_rows = least(rows * conv.input.batch, most_pixels(conv) / pitch);
    }

    // Two octets share a band's inputs where that leaves parts for some threads.
    static i64 octets_of_part(const Convolution& conv) {
        return conv.output.channels % (4 * most_octets * octet) == 0 ? most_octets : 1;
    }
    i64 parts(const Convolution& conv) const { return conv.output.channels / (octets * octet); }

    // Pixels of a band, so that the strips of all inputs have room.
    i64 most_pixels(const Convolution& conv) const {
        static_assert(most_octets * most_pixels_of_band <= words_at_once);
        return least<i64>(most_pixels_of_band,
                          input_bytes / conv.input.channels / segment * segment - 2 * margin - segment);
    }
    i64 band_pixels() const { return band_rows * pitch; }
    i64 output_stride() const { return output_strip() + segment; }  // an odd number of cache lines
    i64 output_strip() const { return divide_up(band_pixels(), segment) * segment; }
    i64 input_strip() const { return output_strip() + 2 * margin; }

    // Not where much of the strips is nothing.
    bool usable(const Convolution& conv) const {
        const Window& w = conv.window;
        const bool few = conv.input.channels <= segment && w.height * w.width <= most_taps;
        const i64 tenths = 10 * rows * pitch / (conv.output.height * conv.output.width);
        const bool full = tenths < (conv.input.channels < segment ? 16 : 12);
        return PixelOrder::usable(conv) && few && full && conv.output.channels % octet == 0 && margin <= most_margin &&
               pitch <= most_margin && band_rows > 0;
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

template <class S>
class StripProducts {
    static constexpr i64 octet = StripOrder::octet, most_outputs = StripOrder::most_octets * octet;
    static constexpr i64 most_columns = segment * StripOrder::most_taps;

  public:
    StripProducts(const Convolution& conv, i64 part, Workspace space)
        : conv_(conv),
          order_(conv),
          outputs_(order_.octets * octet),
          output_(part * outputs_),
          columns_(conv.window.height * conv.window.width * conv.input.channels),
          inputs_(space.several<u8>(StripOrder::input_bytes)),
          gradients_(space.several<u8>(most_outputs * (StripOrder::most_pixels_of_band + segment))),
          words_(space.several<u64>(most_outputs / octet * StripOrder::most_pixels_of_band)),
          sums_(space.take<i32[most_outputs / S::rows][most_columns + S::columns][S::rows]>()),
          signs_(conv, order_, StripOrder::words_at_once, space) {}

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
    void fill_outputs(i64 first, i64 rows) {
        const i64 strip = order_.output_strip(), stride = order_.output_stride();
        std::memset(words_, 0, static_cast<std::size_t>(order_.octets * strip) * sizeof(u64));
        const bool bytes = conv_.dy.format == Format::i8;
        order_.each_row(conv_.output, first, rows, [&](i64 pixel, i64 at) {
            bytes ? gather<octet>(row<u8>(conv_.dy, pixel) + output_, conv_.dy.cols, words_ + at)
                  : gather<octet / 2>(nibble_row(conv_.dy, pixel, output_), nibble_bytes(conv_.dy.cols), words_ + at);
        });
        for (i64 i = 0; i < order_.octets; ++i) {
            u64* from = words_ + i * strip;
            for (i64 p = 0; p < strip; p += segment) {
                if (!bytes) part_nibbles(from + p);
                S::turn(from + p, gradients_ + i * octet * stride + p, stride);
            }
        }
        for (i64 o = 0; o < outputs_; ++o) {
            if (!bytes) S::look_up(mantissas_of_nibbles, gradients_ + o * stride, strip);
            totals_[o] += sum_bytes(gradients_ + o * stride, strip);
        }
    }

    // Words of the outputs of a row of an image, of so many bytes each, those of an octet a strip from the last's.
    template <int Bytes>
    void gather(const u8* from, i64 step, u64* out) const {
        for (i64 c = 0; c < conv_.output.width; ++c) {
            for (i64 i = 0; i < order_.octets; ++i)
                std::memcpy(out + i * order_.output_strip() + c, from + c * step + i * Bytes, Bytes);
        }
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
        const i64 before = divide_up(order_.margin, order_.pitch), strip = order_.input_strip();
        signs_.fill(first - before, before * order_.pitch - order_.margin, strip, 0, conv_.input.channels, inputs_,
                    strip);
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
            for (i64 o = 0; o < outputs_; o += S::rows) {
                const i8* from = reinterpret_cast<const i8*>(gradients_) + o * stride;
                S::add(strips, from, stride, vectors, sums_[o / S::rows] + k);
            }
        }
    }

    template <class Sink>
    void give(Sink&& sink) {
        const i64 inputs = conv_.input.channels, width = conv_.window.width;
        static_assert(gradient_words::words_at_once >= octet);
        for (i64 output = 0; output < outputs_; output += octet) {
            for (i64 t = 0; t < taps(); ++t) {
                alignas(64) i32 gradients[octet][segment] = {};
                gradient_words::Words<i32> found{gradients, 0, inputs, octet};
                for (i64 j = 0; j < octet; ++j) {
                    const i64 o = output + j;
                    for (i64 c = 0; c < inputs; ++c) {
                        const u32 sum = static_cast<u32>(sums_[o / S::rows][c * taps() + t][o % S::rows]);
                        gradients[j][c] = static_cast<i32>(sum - static_cast<u32>(totals_[o]));
                    }
                    found.rows[j] = conv_.weights_row(output_ + o, t / width, t % width);
                }
                sink(found);
            }
        }
    }

    const Convolution& conv_;
    const StripOrder order_;
    const i64 outputs_, output_, columns_;  // outputs of the part, and its first
    u8 *inputs_, *gradients_;
    u64* words_;
    i32 (&sums_)[most_outputs / S::rows][most_columns + S::columns][S::rows];
    SignStrips<S> signs_;
    i32 totals_[most_outputs] = {};
};

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
