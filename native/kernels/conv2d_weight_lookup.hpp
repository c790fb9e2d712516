// conv2d_weight_gradient by tables (simd/lookup/runs.hpp), for gradients and inputs of a few bits.
// How:   a part owns a rectangle of taps, one or two words of inputs and a block of outputs. Of each block of pixels
//        tables are made of dY, some pixels in one, once for all taps and inputs; signs of the inputs that a tap sees
//        of these pixels find their sums. A row of a product is an output, its columns are the inputs of a word: sums
//        lie as gradients do.
// Where a tap sees padding its sign is 0, and -dY is summed; that is added again.
#pragma once

#include "conv2d_pixels.hpp"
#include "gradient_words.hpp"
#include "lookup.hpp"
#include "nibbles.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

inline constexpr i64 lookup_vectors = 18;  // words of inputs times taps of a part
inline constexpr i64 lookup_outputs = 64;  // of a part, at most
inline constexpr i64 least_parts = 4;      // for as many threads, where outputs are enough

// Large parts make tables once for much, but are to occupy several threads.
inline Division division_by_tables(const Convolution& conv) {
    const Window& window = conv.window;
    const i64 columns = evenly(window.width, lookup_vectors);
    const i64 rows = columns < window.width ? 1 : evenly(window.height, lookup_vectors / columns);
    const i64 words_of_part = evenly(words(conv.input.channels), lookup_vectors / (columns * rows));
    Division division{conv, rows, columns, words_of_part, lookup_outputs};
    while (division.parts() < least_parts && division.outputs > 16) division.outputs /= 2;
    return division;
}

// Of few inputs most of a word is empty, and tiles of bytes hold them closer.
template <class L>
inline bool enough_inputs(const Convolution& conv) {
    return conv.dy.format == Format::i4 ? conv.input.channels > segment / 2 : conv.input.channels >= L::least_inputs;
}

template <class L, int Digits>
class LookupProducts {
    static constexpr i64 lookup_groups = 2048 / (L::bytes * Digits), lookup_pixels = lookup_groups * L::inputs;
    static constexpr i64 lookup_panels = lookup_pixels > 256 ? 1 : 4;  // of words, at a time: there is no room for more
    using Signs = typename L::Signs;

  public:
    LookupProducts(const Convolution& conv, const Part& part, Workspace space)
        : conv_(conv),
          part_(part),
          words_(words(part.inputs)),
          sums_(space.take<i32[lookup_vectors][lookup_outputs][segment]>()),
          unseen_(space.take<i32[lookup_vectors][lookup_outputs]>()),
          sizes_(space.take<i32[lookup_outputs]>()),
          tables_(space.take<Tables>()),
          panels_(space.take<Signs[lookup_panels][lookup_groups][segment]>()),
          pixels_(space.take<Pixel[lookup_pixels]>()),
          seen_(space.take<Seen[lookup_pixels]>()),
          partial_(space.take<i32[lookup_pixels + 1]>()) {}

    // sink(Words): the gradients of a word of inputs, for every tap of every output.
    template <class Sink>
    void run(Sink&& sink) {
        const Pixels all(conv_, part_);
        std::memset(unseen_, 0, sizeof unseen_);
        std::memset(sizes_, 0, sizeof sizes_);
        if (all.count() == 0) std::memset(sums_, 0, sizeof sums_);
        for (i64 begin = 0; begin < all.count(); begin += lookup_pixels) {
            const i64 count = least(lookup_pixels, all.count() - begin);
            all.list(begin, count, pixels_, L::inputs);
            build(count);
            multiply(count, begin == 0);
        }
        give(sink);
    }

  private:
    // [outputs side by side][group][output of these][entry]; a cache line more, so that those of a group lie in
    // different sets.
    static constexpr i64 block = 64, beside = block / L::bytes, stride = lookup_groups * block + 64;
    static constexpr i64 plane = lookup_outputs / beside * stride;
    using Tables = u8[Digits][lookup_outputs / beside][stride];

    u8* table(i64 output) const { return tables_[0][output / beside] + output % beside * L::bytes; }

    void build(i64 count) {
        for (i64 g = 0; g * L::inputs < count; ++g) {
            const u8* rows[L::inputs] = {};
            i8 unpacked[L::inputs][segment];
            const i64 first = g * L::inputs, n = least(L::inputs, count - first);
            for (i64 i = 0; i < n; ++i) rows[i] = reinterpret_cast<const u8*>(gradients(first + i, unpacked[i]));
            const auto at = [&](i64 o) { return table(o) + g * block; };
            L::template build_columns<Digits>(rows, part_.outputs, at, plane, sizes_);
        }
    }

    // Of a pixel, for the part's outputs: where they lie, or in `unpacked`.
    const i8* gradients(i64 pixel, i8* unpacked) const {
        const i64 r = pixels_[pixel].gradient;
        if (conv_.dy.format == Format::i8) return row<i8>(conv_.dy, r) + part_.output;
        unpack_nibbles(nibble_row(conv_.dy, r, part_.output), part_.outputs, unpacked);
        return unpacked;
    }

    void multiply(i64 count, bool fresh) {
        const i64 groups = divide_up(count, L::inputs);
        lookups::Column columns[lookup_panels];
        i64 vector = 0, waiting = 0;
        const auto add = [&] {
            const auto at = [&](i64 m) { return table(m); };
            const lookups::Run run{0, 0};
            lookups::add_rows<L, Digits, block>(part_.outputs, at, plane, {&run, 1, groups}, columns, waiting, fresh);
            waiting = 0;
        };
        for (i64 r = 0; r < part_.rows; ++r) {
            see(r, count, groups * L::inputs);
            for (i64 c = 0; c < part_.columns; ++c) {
                add_unseen(c, unseen_[r * part_.columns + c]);
                for (i64 w = 0; w < words_; ++w, ++vector) {
                    auto& panel = panels_[waiting];
                    index(groups, c, part_.first / segment + w, panel);
                    columns[waiting++] = {reinterpret_cast<const u8*>(panel[0]), sums_[vector]};
                    if (waiting == lookup_panels) add();
                }
            }
        }
        add();
    }

    // What a row of taps sees, and the numbers of those of `count` pixels that some of its taps do not.
    void see(i64 r, i64 count, i64 padded) {
        partly_ = 0;
        for (i64 i = 0; i < padded; ++i) {
            seen_[i] = Seen(conv_, part_, pixels_[i], r);
            partial_[partly_] = static_cast<i32>(i);
            partly_ += i < count && seen_[i].end - seen_[i].begin < part_.columns;
        }
    }

    void index(i64 groups, i64 column, i64 word, Signs (*panel)[segment]) {
        const i64 beside = words(conv_.x.cols);
        const u64* bits = bit_row(conv_.x, 0) + column * beside + word;
        const Seen* seen = seen_;
        for (i64 g = 0; g < groups; ++g, seen += L::inputs) {
            u64 group[L::inputs];
            for (i64 i = 0; i < L::inputs; ++i) group[i] = seen[i].sees(column) ? bits[seen[i].at * beside] : 0;
            L::index(group, panel[g]);
        }
    }

    void add_unseen(i64 column, i32* sums) {
        for (i64 k = 0; k < partly_; ++k) {
            const i64 i = partial_[k];
            if (seen_[i].sees(column)) continue;
            i8 unpacked[segment];
            const i8* dy = gradients(i, unpacked);
            for (i64 o = 0; o < part_.outputs; ++o) sums[o] += dy[o];
        }
    }

    template <class Sink>
    void give(Sink&& sink) {
        i64 vector = 0;
        for (i64 t = 0; t < part_.taps(); ++t) {
            for (i64 w = 0; w < words_; ++w, ++vector) {
                const i64 first = part_.first + w * segment, n = least(segment, conv_.input.channels - first);
                for (i64 o = 0; o < part_.outputs; o += gradient_words::words_at_once) {
                    const i64 count = least(gradient_words::words_at_once, part_.outputs - o);
                    i32(*gradients)[segment] = sums_[vector] + o;
                    gradient_words::Words<i32> found{gradients, first, n, count};
                    for (i64 j = 0; j < count; ++j) {
                        // Unsigned: twice a sum may not fit.
                        const u32 more = static_cast<u32>(unseen_[t][o + j]) - static_cast<u32>(sizes_[o + j]);
                        for (i32& sum : gradients[j]) sum = static_cast<i32>(2 * static_cast<u32>(sum) + more);
                        found.rows[j] = conv_.weights_row(part_.output + o + j, part_.row + t / part_.columns,
                                                          part_.column + t % part_.columns);
                    }
                    sink(found);
                }
            }
        }
    }

    const Convolution& conv_;
    const Part part_;
    const i64 words_;
    i32 (&sums_)[lookup_vectors][lookup_outputs][segment];
    i32 (&unseen_)[lookup_vectors][lookup_outputs];
    i32 (&sizes_)[lookup_outputs];
    Tables& tables_;
    Signs (&panels_)[lookup_panels][lookup_groups][segment];
    Pixel (&pixels_)[lookup_pixels];
    Seen (&seen_)[lookup_pixels];
    i32 (&partial_)[lookup_pixels + 1];
    i64 partly_ = 0;
};

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
