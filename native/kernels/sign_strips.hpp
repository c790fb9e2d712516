// Signs of images as strips of bytes, one an input, pixels side by side: images row by row, with as much that is
// nothing between rows and between images as taps reach beyond them, so that the pixel that a tap sees is as far away
// for all. A byte is 1 + x, of what is nothing 1: a weight's gradient is the product of such bytes and dY, less the sum
// of dY.
#pragma once

#include "conv2d_pixels.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

// How pixels of a convolution lie: `pitch` from row to row, `rows` of an image with those of nothing behind it.
struct PixelOrder {
    i64 pitch, rows;

    explicit PixelOrder(const Convolution& conv) {
        const Window& w = conv.window;
        pitch = conv.input.width + most(w.pad_left, w.right() - (conv.input.width - conv.output.width));
        rows = conv.input.height + most(w.pad_top, w.below() - (conv.input.height - conv.output.height));
    }

    // Of windows that do not begin before the image or skip any of it.
    static bool usable(const Convolution& conv) {
        const Window& w = conv.window;
        return w.stride == 1 && w.pad_top >= 0 && w.pad_left >= 0 && conv.output.height <= conv.input.height &&
               conv.output.width <= conv.input.width;
    }

    // visit(first pixel, its place from that of row `first` on) for those rows of images that are there.
    template <class Visit>
    void each_row(const Image& image, i64 first, i64 count, const Visit& visit) const {
        for (i64 r = most<i64>(first, 0); r < first + count; ++r) {
            const i64 example = r / rows, y = r % rows;
            if (example < image.batch && y < image.height) visit(image.pixel(example, y, 0), (r - first) * pitch);
        }
    }
};

// S turns words to octets (simd/strips).
template <class S>
class SignStrips {
  public:
    // Room for the words of as many pixels as are asked for at a time, and a row more.
    SignStrips(const Convolution& conv, const PixelOrder& order, i64 most_pixels, Workspace space)
        : conv_(conv),
          order_(order),
          words_(space.several<u64>(most_pixels)),
          nothing_(space.several<u8>(most_pixels)) {}

    // Of `inputs` inputs of a word, at `length` pixels from `skipped` after the start of row `row` on.
    void fill(i64 row, i64 skipped, i64 length, i64 word, i64 inputs, u8* out, i64 stride) {
        gather(row, divide_up(skipped + length, order_.pitch), word);
        alignas(64) u8 octets[sizeof(u64)][segment];
        for (i64 p = 0; p < length; p += segment) {
            S::turn(words_ + skipped + p, octets[0], segment);
            for (i64 c = 0; c < inputs; ++c)
                put(octets[c / 8], static_cast<int>(c % 8), nothing_ + skipped + p, out + c * stride + p);
        }
    }

  private:
    void gather(i64 row, i64 rows, i64 word) {
        std::memset(nothing_, 1, static_cast<std::size_t>(rows * order_.pitch));
        std::memset(words_, 0, static_cast<std::size_t>(rows * order_.pitch) * sizeof(u64));
        const i64 width = conv_.input.width, beside = words(conv_.x.cols);
        order_.each_row(conv_.input, row, rows, [&](i64 pixel, i64 at) {
            const u64* from = bit_row(conv_.x, pixel) + word;
            for (i64 i = 0; i < width; ++i) words_[at + i] = from[i * beside];
            std::memset(nothing_ + at, 0, static_cast<std::size_t>(width));
        });
    }

    // 1 + x: twice the bit of each octet, 1 where nothing is. By words, as bytes are not shifted.
    static void put(const u8* octets, int bit, const u8* nothing, u8* out) {
        typedef u16 Words [[gnu::vector_size(segment)]];
        Words all, more;
        std::memcpy(&all, octets, sizeof all);
        std::memcpy(&more, nothing, sizeof more);
        all = ((bit == 0 ? all << 1 : all >> (bit - 1)) & 0x0202) + more;
        std::memcpy(out, &all, sizeof all);
    }

    const Convolution& conv_;
    const PixelOrder& order_;
    u64* words_;
    u8* nothing_;
};

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
