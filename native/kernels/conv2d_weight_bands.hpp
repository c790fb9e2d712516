// conv2d_weight_gradient of many channels, in integers: bands of rows of dY are packed once, as the panel of a product,
// and those of X that they see as strips of bytes (sign_strips.hpp), once for all taps: of a strip a tap's pixels begin
// so much further on, and those of a group lie side by side (far_tiles.hpp).
// How:   a part owns a word of inputs and some outputs, for all taps. Groups are four pixels of one row of dY.
#pragma once

#include "dot8_panels.hpp"
#include "far_tiles.hpp"
#include "gradient_words.hpp"
#include "sign_strips.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

struct BandOrder : PixelOrder {
    static constexpr i64 most_taps = 9, most_groups = 256, most_strip = 2048, least_parts = 4;
    static constexpr i64 most_pitch = 512;  // of longer rows a band has too few

    i64 groups;     // of a row of dY
    i64 band_rows;  // of images, with what is nothing
    i64 strip;      // what is filled of a strip

    explicit BandOrder(const Convolution& conv) : PixelOrder(conv), groups(divide_up(conv.output.width, 4)) {
        const Window& w = conv.window;
        const i64 beyond = w.width - 1 + 4 * groups - conv.output.width;
        band_rows = least(most_groups / groups, (most_strip - beyond) / pitch - (w.height - 1));
        band_rows = least(band_rows, rows * conv.input.batch);
        strip = divide_up((band_rows + w.height - 1) * pitch + beyond, segment) * segment;
    }

    // From the row above a band's first that a tap sees.
    i64 skipped(const Convolution& conv) const { return pitch - conv.window.pad_left; }
    i64 most_words(const Convolution& conv) const { return skipped(conv) + strip + pitch; }

    // Not where much of the groups is nothing.
    bool usable(const Convolution& conv) const {
        const Window& w = conv.window;
        const bool full = 4 * (4 * groups) <= 5 * conv.output.width;
        return PixelOrder::usable(conv) && full && w.height * w.width <= most_taps && pitch <= most_pitch &&
               band_rows > 0;
    }
};

// Of a word of inputs each, and halves of 64 outputs where parts would be too few.
inline Division division_by_bands(const Convolution& conv) {
    Division division{conv, conv.window.height, conv.window.width, 1, outputs_at_once};
    if (division.parts() < BandOrder::least_parts && conv.output.channels > outputs_at_once / 2)
        division.outputs = outputs_at_once / 2;
    return division;
}

template <class D = FarDots, class S = Strips>
inline bool by_bands(const Convolution& conv) {
    if constexpr (D::usable && S::usable) {
        return is_integer(conv.dy.format) && conv.x.format == Format::bit && conv.input.channels >= segment &&
               conv.output.channels > outputs_at_once / 4 && BandOrder(conv).usable(conv);
    } else {
        return false;
    }
}

template <class D, class S>
class BandProducts {
    static constexpr i64 stride = BandOrder::most_strip + segment;  // an odd number of cache lines
    using Row = i32[outputs_at_once];
    using Panel = u8[BandOrder::most_groups][tile_columns][4];

  public:
    BandProducts(const Convolution& conv, const Part& part, Workspace space)
        : conv_(conv),
          part_(part),
          order_(conv),
          panel_(space.take<Panel>()),
          strips_(space.several<u8>(segment * stride)),
          sums_(space.several<Row>(BandOrder::most_taps * segment + 8)),
          signs_(conv, order_, order_.most_words(conv), space) {}

    // sink(Words): the gradients of a word of inputs, for every tap of every output.
    template <class Sink>
    void run(Sink&& sink) {
        const i64 all = order_.rows * conv_.output.batch;
        for (i64 first = 0; first < all; first += order_.band_rows) {
            const i64 groups = fill_panel(first, least(order_.band_rows, all - first));
            if (groups == 0) continue;  // all of it is nothing; the first band has the first row of all
            sum_columns(panel_[0][0], groups, sizeof panel_[0], totals_);
            signs_.fill(first - conv_.window.pad_top - 1, order_.skipped(conv_), order_.strip, part_.first / segment,
                        part_.inputs, strips_, stride);
            multiply(groups, first == 0);
        }
        give(sink);
    }

  private:
    i64 fill_panel(i64 first, i64 rows) {
        i64 groups = 0;
        order_.each_row(conv_.output, first, rows, [&](i64 pixel, i64 at) {
            for (i64 c = 0; c < conv_.output.width; c += 4, ++groups) {
                const GroupRows<4> four(conv_.dy, pixel + c, least<i64>(4, conv_.output.width - c), part_.output,
                                        part_.outputs);
                interleave_bytes(four.rows, part_.outputs, panel_[groups][0]);
                places_[groups] = static_cast<i32>(at + c);
            }
        });
        return groups;
    }

    // All taps of some inputs follow each other, while these are in the cache.
    void multiply(i64 groups, bool fresh) {
        alignas(64) static constexpr i32 start[tile_columns] = {};
        const i64 times = divide_up(part_.inputs, far_tiles::rows_at_once<D>(part_.outputs));
        for (i64 i = 0; i < times; ++i) {
            const i64 c = i * part_.inputs / times, count = (i + 1) * part_.inputs / times - c;
            for (i64 t = 0; t < part_.taps(); ++t) {
                const u8* from = strips_ + c * stride + t / part_.columns * order_.pitch + t % part_.columns;
                const u8* rows[D::most_rows];
                for (i64 m = 0; m < count; ++m) rows[m] = from + m * stride;
                far_tiles::add_rows<D>(count, rows, {places_, panel_, groups, start, fresh}, part_.outputs,
                                       sums_ + t * part_.inputs + c);
            }
        }
    }

    template <class Sink>
    void give(Sink&& sink) {
        each_tap_of_eight(part_, [&](i64 o, i64 outputs, i64 t) {
            alignas(64) i32 gradients[8][segment];
            turn_eight<1>(sums_ + t * part_.inputs, o, totals_, part_.inputs, gradients);
            gradient_words::Words<i32> found{gradients, part_.first, part_.inputs, outputs};
            for (i64 j = 0; j < outputs; ++j) found.rows[j] = row_of(conv_, part_, o + j, t);
            sink(found);
        });
    }

    const Convolution& conv_;
    const Part part_;
    const BandOrder order_;
    Panel& panel_;
    u8* strips_;
    Row* sums_;  // [tap][input], and as many more as are read beyond
    SignStrips<S> signs_;
    i32 places_[BandOrder::most_groups];
    i32 totals_[outputs_at_once] = {};
};

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
