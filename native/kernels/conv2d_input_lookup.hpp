// conv2d_input_gradient by tables (simd/lookup/runs.hpp), for gradients and weights of a few bits.
// How:   a block is a rectangle of dX's pixels, of one example or of several whole ones, and some of their channels.
//        Tables are made of those pixels of dY that it sees, once for all taps, channels and pixels that see them.
//        Pixels that see through the same taps go together, as in conv2d_input_gradient.hpp; a row of a product is a
//        pixel, its runs are its taps. Outputs are taken in chunks.
#pragma once

#include "conv2d_input_gradient_grids.hpp"
#include "gradient_scale.hpp"
#include "lookup.hpp"
#include "nibbles.hpp"

namespace linocut::LINOCUT_NS::conv2d_input_gradient {

inline constexpr i64 block_places = 128;   // pixels of dX
inline constexpr i64 block_sources = 224;  // pixels of dY that they see
inline constexpr i64 block_channels = 256;
inline constexpr i64 chunk_bytes = 1024;  // of the tables of a pixel of dY, at most
inline constexpr i64 block_taps = 25;
inline constexpr i64 panels_bytes = 51200;  // of signs of weights, at a time

// Whole numbers [begin, end) of examples, rows and columns.
struct Block {
    Span examples, rows, columns;
};

// Rows or columns of dY that some tap sees from [pixels.begin, pixels.end) of dX.
inline Span seen_from(Span pixels, i64 window, i64 stride, i64 pad, i64 outputs) {
    const i64 first = pixels.begin + pad - (window - 1), last = pixels.end - 1 + pad;
    const i64 begin = first > 0 ? divide_up(first, stride) : 0;
    return {begin, most(begin, least(outputs, last / stride + 1))};
}

// How a dX is divided.
class Blocks {
  public:
    explicit Blocks(const Call& call)
        : dy_(call.operands[DY]),
          dx_(call.operands[DX]),
          window_(conv_window(call.operands[WEIGHTS], call.attributes)) {
        columns_ = dx_.width;
        while (columns_ > 1 && !fits(1, 1, columns_)) columns_ = divide_up(columns_, 2);
        const bool wide = columns_ == dx_.width;
        while (rows_ < dx_.height && fits(1, rows_ + 1, columns_)) ++rows_;
        rows_ = divide_up(dx_.height, divide_up(dx_.height, rows_));
        if (wide && rows_ == dx_.height) {
            while (examples_ < dx_.batch && fits(examples_ + 1, rows_, columns_)) ++examples_;
        }
    }

    // Whether tables fit, and are used often enough to repay making them.
    bool usable() const {
        const i64 taps = window_.height * window_.width;
        return taps <= block_taps && fits(1, 1, 1) && taps * dx_.channels >= 256;
    }
    i64 channel_blocks() const { return divide_up(dx_.channels, block_channels); }
    i64 count() const { return divide_up(dx_.batch, examples_) * down() * across() * channel_blocks(); }

    Block operator[](i64 number) const {
        const i64 column = number % across() * columns_, row = number / across() % down() * rows_;
        const i64 example = number / across() / down() * examples_;
        return {{example, least(dx_.batch, example + examples_)},
                {row, least(dx_.height, row + rows_)},
                {column, least(dx_.width, column + columns_)}};
    }
    // The pixels of dY that a block sees.
    Block sources(const Block& block) const {
        return {block.examples, seen_from(block.rows, window_.height, window_.stride, window_.pad_top, dy_.height),
                seen_from(block.columns, window_.width, window_.stride, window_.pad_left, dy_.width)};
    }

  private:
    i64 across() const { return divide_up(dx_.width, columns_); }
    i64 down() const { return divide_up(dx_.height, rows_); }
    // The most rows or columns of dY that so many of dX see.
    i64 seen(i64 pixels, i64 window, i64 outputs) const {
        return least(outputs, (pixels + window - 2) / window_.stride + 1);
    }
    bool fits(i64 examples, i64 rows, i64 columns) const {
        const i64 sources = seen(rows, window_.height, dy_.height) * seen(columns, window_.width, dy_.width);
        return examples * rows * columns <= block_places && examples * sources <= block_sources;
    }

    Image dy_, dx_;
    Window window_;
    i64 examples_ = 1, rows_ = 1, columns_;
};

// Those pixels of an axis that are in [pixels.begin, pixels.end) of the image.
inline Axis within(const Axis& axis, Span pixels) {
    const auto number = [&](i64 pixel) {
        const i64 ahead = pixel - axis.first_pixel;
        return ahead <= 0 ? 0 : least(axis.count, divide_up(ahead, axis.pixel_step));
    };
    return part_of(axis, {number(pixels.begin), number(pixels.end)}, {0, axis.taps});
}

// visit(grid) for the pixels of a block that see through the same taps.
template <class Visit>
inline void each_class(const Call& call, const Block& block, const Visit& visit) {
    each_grid(call, true, [&](const Grid& whole) {
        const Grid grid{within(whole.rows, block.rows),
                        within(whole.columns, block.columns),
                        block.examples.size(),
                        whole.height,
                        whole.width,
                        whole.window_width};
        if (grid.pixels() > 0) visit(grid);
    });
}

// What the products of one block need.
template <class L, int Digits>
class BlockOfProducts {
    static constexpr i64 chunk_tables = least<i64>(32, chunk_bytes / L::bytes);
    static constexpr i64 chunk_outputs = chunk_tables * L::inputs;
    static_assert(block_taps * chunk_tables * segment * sizeof(typename L::Signs) <= panels_bytes);
    static_assert(chunk_outputs % L::whole == 0);
    using Signs = typename L::Signs;

  public:
    BlockOfProducts(const Call& call, const Blocks& blocks, const Block& block, i64 first, Workspace space)
        : call_(call),
          block_(block),
          sources_(blocks.sources(block)),
          dy_(call.operands[DY]),
          first_(first),
          channels_(least(block_channels, call.operands[DX].cols - first)),
          outputs_(call.operands[DY].cols),
          taps_(call.operands[WEIGHTS].rows / outputs_),
          tables_(space.take<u8[block_sources][table_bytes]>()),
          panels_(space.take<Signs[panels_bytes / bytes_of_signs][segment]>()),
          tiles_(space.take<i32[block_channels / segment][block_places][segment]>()),
          places_(space.take<Place[block_places]>()),
          sizes_(space.take<i32[block_sources]>()),
          less_(space.take<u32[block_places]>()) {}

    void run() {
        i64 pixels = 0;
        each_class(call_, block_, [&](const Grid& grid) {
            locate(grid, 0, grid.pixels(), places_ + pixels);
            pixels += grid.pixels();
        });
        std::memset(less_, 0, sizeof less_);
        for (i64 k = 0; k < outputs_; k += chunk_outputs) {
            const i64 count = least(chunk_outputs, outputs_ - k);
            build(k, count);
            add_sizes();
            const i64 panel = taps_ * divide_up(count, L::inputs), words = divide_up(channels_, segment);
            const i64 at_once = panels_bytes / bytes_of_signs / panel;
            for (i64 w = 0; w < words; w += at_once) multiply(k, count, w, least(at_once, words - w));
        }
        store(pixels);
    }

  private:
    static constexpr i64 plane = chunk_tables * L::bytes;
    static constexpr i64 table_bytes = Digits * plane, bytes_of_signs = segment * sizeof(Signs);

    i64 source(i64 example, i64 row, i64 column) const {
        return (example * sources_.rows.size() + row - sources_.rows.begin) * sources_.columns.size() + column -
               sources_.columns.begin;
    }

    // How many pixels of dY behind that of the first tap the one of another is.
    i64 ahead(const Grid& grid, i64 tap) const {
        return tap / grid.columns.taps * sources_.columns.size() + tap % grid.columns.taps;
    }

    void build(i64 k, i64 count) {
        i64 number = 0;
        for (i64 e = block_.examples.begin; e < block_.examples.end; ++e) {
            for (i64 r = sources_.rows.begin; r < sources_.rows.end; ++r) {
                for (i64 c = sources_.columns.begin; c < sources_.columns.end; ++c, ++number) {
                    build(dy_.pixel(e, r, c), k, count, tables_[number], sizes_[number]);
                }
            }
        }
    }
    void build(i64 pixel, i64 k, i64 count, u8* tables, i32& size) {
        const Operand& dy = call_.operands[DY];
        i8 padded[chunk_outputs + L::whole] = {};
        if (dy.format == Format::i4) {
            unpack_nibbles(nibble_row(dy, pixel, k), count, padded);
        } else {
            std::memcpy(padded, row<i8>(dy, pixel) + k, static_cast<std::size_t>(count));
        }
        size = L::template build_row<Digits>(padded, count, tables, plane);
    }

    // Signs of the weights of a word of channels: [tap][group][channel].
    void index(i64 k, i64 count, i64 word, Signs (*panel)[segment]) {
        const Operand& weights = call_.operands[WEIGHTS];
        const i64 groups = divide_up(count, L::inputs);
        for (i64 tap = 0; tap < taps_; ++tap) {
            for (i64 g = 0; g < groups; ++g, ++panel) {
                u64 bits[L::inputs] = {};
                const i64 first = g * L::inputs, n = least(L::inputs, count - first);
                for (i64 i = 0; i < n; ++i) bits[i] = bit_row(weights, (k + first + i) * taps_ + tap)[word];
                L::index(bits, *panel);
            }
        }
    }

    // Words [word, word + words) of the block's channels.
    void multiply(i64 k, i64 count, i64 word, i64 words) {
        const i64 groups = divide_up(count, L::inputs),
                  at_once = most<i64>(1, L::template most_groups<Digits> / groups);
        lookups::Column columns[block_channels / segment];
        for (i64 w = 0; w < words; ++w) {
            auto* panel = panels_ + w * taps_ * groups;
            index(k, count, first_ / segment + word + w, panel);
            columns[w] = {reinterpret_cast<const u8*>(panel[0]), tiles_[word + w]};
        }
        const Place* places = places_;
        each_class(call_, block_, [&](const Grid& grid) {
            lookups::Run runs[block_taps];
            const i64 taps = grid.taps(), pixels = grid.pixels();
            for (i64 t = 0; t < taps; ++t) {
                runs[t] = {ahead(grid, t) * table_bytes, grid.window_tap(t) * groups * bytes_of_signs};
            }
            const auto number = [&](i64 m) { return source(places[m].example, places[m].row, places[m].column); };
            const auto at = [&](i64 m) { return tables_[0] + number(m) * table_bytes; };
            for (i64 t = 0; t == 0 || t < taps; t += at_once) {
                lookups::add_rows<L, Digits, L::bytes>(pixels, at, plane, {runs + t, least(at_once, taps - t), groups},
                                                       columns, words, k == 0 && t == 0);
            }
            for (i64 w = 0; w < words; ++w) columns[w].sums += pixels;
            places += pixels;
        });
    }
    // What is to be taken from twice the sums of a chunk.
    void add_sizes() {
        i64 m = 0;
        each_class(call_, block_, [&](const Grid& grid) {
            for (const i64 end = m + grid.pixels(); m < end; ++m) {
                const i64 number = source(places_[m].example, places_[m].row, places_[m].column);
                for (i64 t = 0; t < grid.taps(); ++t) less_[m] += static_cast<u32>(sizes_[number + ahead(grid, t)]);
            }
        });
    }

    void store(i64 pixels) const {
        const Operand& dx = call_.operands[DX];
        const int shift = shift_between(call_.operands[DY_EXPONENT], call_.operands[DX_EXPONENT]);
        const i64 before = block_.examples.begin * dx.shape[1] * dx.shape[2];
        LINOCUT_NS::Seen seen;
        for (i64 m = 0; m < pixels; ++m) {
            for (i64 c = 0; c < channels_; c += segment) {
                i32 sums[segment];
                for (i64 i = 0; i < segment; ++i)  // unsigned: twice a sum may not fit
                    sums[i] = static_cast<i32>(2 * static_cast<u32>(tiles_[c / segment][m][i]) - less_[m]);
                store_sums(dx, before + places_[m].pixel, first_ + c, sums, least(segment, channels_ - c), shift, seen);
            }
        }
        seen.note(call_.operands[SCALE]);
    }

    const Call& call_;
    const Block block_, sources_;
    const Image dy_;
    const i64 first_, channels_, outputs_, taps_;
    u8 (&tables_)[block_sources][table_bytes];
    Signs (&panels_)[panels_bytes / bytes_of_signs][segment];
    i32 (&tiles_)[block_channels / segment][block_places][segment];
    Place (&places_)[block_places];
    i32 (&sizes_)[block_sources];
    u32 (&less_)[block_places];
};

template <class L, int Digits>
inline void run_blocks(const Call& call, i64 begin, i64 end) {
    const Blocks blocks(call);
    const i64 beside = blocks.channel_blocks();
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit % beside * block_channels;
        BlockOfProducts<L, Digits>(call, blocks, blocks[unit / beside], first, Workspace(call)).run();
    }
}

template <class L>
inline void run_lookups(const Call& call, i64 begin, i64 end) {
    call.operands[DY].format == Format::i4 ? run_blocks<L, 1>(call, begin, end)
                                           : run_blocks<L, L::digits_of_bytes>(call, begin, end);
}

}  // namespace linocut::LINOCUT_NS::conv2d_input_gradient
