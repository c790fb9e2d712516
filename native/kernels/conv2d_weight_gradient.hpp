// conv2d_weight_gradient: dW of a convolution; src/linocut/ops/conv2d_weight_gradient.py.
//
// For each part (conv2d_pixels.hpp), blocks of pixels are packed once and multiplied for all its taps: rows are the
// inputs that the taps see, 0 on padding, and the panel holds dY. In integers:
//   bits b: sum dy (2b - 1) = 2 sum dy b - sum dy; bytes u: sum dy (2u - 255) = 2 sum dy u - 255 sum dy
// where the last sum goes over the pixels of dY whose tap is not on padding: one more row for each tap, 1 where it sees
// a pixel. What becomes of a word of gradients is the business of a sink, as in weight_gradient.hpp. Limit: as in
// dot8.hpp and float_product.hpp; packing costs about a tenth.
#pragma once

#include "conv2d_weight_bands.hpp"
#include "conv2d_weight_floats.hpp"
#include "conv2d_weight_lookup.hpp"
#include "conv2d_weight_strips.hpp"
#include "dot8_panels.hpp"
#include "joined_taps.hpp"
#include "tables_or_bytes.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS::conv2d_weight_gradient {

inline constexpr i64 block_pixels = 256;
inline constexpr i64 block_groups = block_pixels / 4;
inline constexpr i64 flush_pixels = 32768;  // sums of so many products of bytes fit 32 bits

using BlockPanel = u8[block_groups][outputs_at_once][4];
using Sums = i32[most_rows][outputs_at_once];
using TallSums = i32[most_tall_rows][outputs_at_once];

// Rows of taps of a part whose inputs are packed at a time: their weights are rows of sums, then come their taps.
inline i64 rows_at_once(const Part& part) { return part.products() <= most_rows ? part.rows : 1; }

template <class L = Lookups>
inline bool by_lookups(const Convolution& conv) {
    if constexpr (L::usable) {
        if (!is_integer(conv.dy.format) || conv.x.format != Format::bit || !enough_inputs<L>(conv)) return false;
        return conv.dy.format == Format::i4 ? tables_are_faster<4>() : tables_are_faster<8>();
    } else {
        return false;
    }
}

enum class Way { bands, strips, tables, gathered };

// Of one word of inputs tables cost more to make than they save.
inline Way way_of(const Convolution& conv) {
    const bool tables = by_lookups(conv);
    if (by_bands(conv) && (!tables || conv.input.channels == segment)) return Way::bands;
    if (by_strips(conv)) return Way::strips;
    return tables ? Way::tables : Way::gathered;
}

inline i64 units(const Call& call) {
    const Convolution conv(call);
    if (WholeRows::usable(conv)) return WholeRows::parts(conv);
    switch (way_of(conv)) {
        case Way::bands:
            return division_by_bands(conv).parts();
        case Way::strips:
            return StripOrder(conv).parts(conv);
        case Way::tables:
            return division_by_tables(conv).parts();
        default:
            return division_by_rows(conv, outputs_of_part(conv.x)).parts();
    }
}

// --- integers

// dY of a block for 64 outputs: the panel.
inline void pack_gradients(const Operand& dy, const Pixel* pixels, i64 groups, i64 output, i64 n, BlockPanel& panel) {
    for (i64 g = 0; g < groups; ++g) {
        const GroupRows<4> four(dy, [&](i64 i) { return pixels[4 * g + i].gradient; }, output, n);
        interleave_bytes(four.rows, n, panel[g][0]);
    }
}

// sees[tap][i]: whether a tap of one row of taps sees pixel i of four (1 or 0).
inline void mark_seen(const Seen* seen, i64 taps, u8 (*sees)[4]) {
    bool whole = true;
    for (i64 i = 0; i < 4; ++i) whole &= seen[i].end - seen[i].begin == taps;
    constexpr u8 all[4] = {1, 1, 1, 1};
    for (i64 c = 0; c < taps; ++c) std::memcpy(sees[c], all, sizeof all);
    for (i64 c = 0; c < taps && !whole; ++c) {
        for (i64 i = 0; i < 4; ++i) sees[c][i] = seen[i].sees(c);
    }
}

// Bits of one row of taps, [taps' inputs][4]; what a tap writes past its inputs, the next writes over.
inline void pack_bits(const Convolution& conv, const Part& part, const Seen* seen, u8* out) {
    for (i64 c = 0; c < part.columns; ++c) {
        u64 four[4] = {};
        for (i64 i = 0; i < 4; ++i) {
            if (seen[i].sees(c)) four[i] = bit_row(conv.x, seen[i].at + c)[part.first / segment];
        }
        interleave_bits(four, out + 4 * c * part.inputs);
    }
}

inline constexpr i64 short_run = 16;

// Bytes of one row of taps of one pixel; may write up to `short_run` bytes, which the next row writes over.
inline void gather_bytes(const Convolution& conv, const Part& part, const Seen& seen, u8* out) {
    const i64 taps = seen.end - seen.begin;
    if (taps < part.columns) std::memset(out, 0, static_cast<std::size_t>(part.columns * part.inputs));
    if (taps == 0) return;
    out += seen.begin * part.inputs;
    const u8* from = row<u8>(conv.x, seen.at + seen.begin) + part.first;
    if (part.inputs < conv.x.cols) {
        for (i64 t = 0; t < taps; ++t) {
            std::memcpy(out + t * part.inputs, from + t * conv.x.cols, static_cast<std::size_t>(part.inputs));
        }
        return;
    }
    // Taps side by side are contiguous. A short run is copied with what follows it, unless something does not.
    const i64 bytes = taps * part.inputs;
    const bool followed = from + short_run <= row<u8>(conv.x, conv.x.rows);
    if (taps == part.columns && bytes <= short_run && followed) {
        std::memcpy(out, from, static_cast<std::size_t>(short_run));
    } else {
        std::memcpy(out, from, static_cast<std::size_t>(bytes));
    }
}

// The rows of one group of four pixels: [weights of an output][4], then [taps][4], whether they see a pixel.
template <Format F>
inline void pack_rows(const Convolution& conv, const Part& part, const Pixel* pixels, u8* out) {
    u8 sees[most_rows / 2][4];
    u8 bytes[4][most_rows + short_run];
    const i64 width = part.columns * part.inputs;
    for (i64 r = 0; r < part.rows; ++r) {
        const Seen seen[4] = {{conv, part, pixels[0], r},
                              {conv, part, pixels[1], r},
                              {conv, part, pixels[2], r},
                              {conv, part, pixels[3], r}};
        mark_seen(seen, part.columns, sees + r * part.columns);
        if constexpr (F == Format::bit) {
            pack_bits(conv, part, seen, out + 4 * r * width);
        } else {
            for (i64 i = 0; i < 4; ++i) gather_bytes(conv, part, seen[i], bytes[i] + r * width);
        }
    }
    for (i64 k = 0; F == Format::u8 && k < part.weights(); k += segment) {
        const u8* four[4] = {bytes[0] + k, bytes[1] + k, bytes[2] + k, bytes[3] + k};
        interleave_bytes(four, least(segment, part.weights() - k), out + 4 * k);
    }
    std::memcpy(out + 4 * part.weights(), sees, static_cast<std::size_t>(4 * part.taps()));
}

// sums[panel][row][output] += over pixels [begin, end).
template <Format F, class PanelSums>
inline void add_products(const Convolution& conv, const Part& part, const Pixels& all, i64 begin, i64 end,
                         Workspace space, PanelSums* sums) {
    auto& panels = space.take<BlockPanel[most_panels]>();
    auto& rows = space.take<u8[block_groups * 4 * (most_rows + segment)]>();
    auto& pixels = space.take<Pixel[block_pixels]>();
    Part some = part;
    some.rows = rows_at_once(part);
    const i64 count = some.products();
    const i64 stride =
        divide_up(4 * count, 64) * 64 | 64;  // an odd number of cache lines spreads over the cache's sets
    static_assert(block_groups * (4 * most_rows + 127) + 4 * segment <= static_cast<i64>(sizeof rows));
    for (i64 base = begin; base < end; base += block_pixels) {
        const i64 groups = divide_up(least(block_pixels, end - base), 4);
        all.list(base, least(block_pixels, end - base), pixels);
        for (i64 o = 0; o < part.outputs; o += outputs_at_once) {
            const i64 outputs = least(outputs_at_once, part.outputs - o);
            pack_gradients(conv.dy, pixels, groups, part.output + o, outputs, panels[o / outputs_at_once]);
        }
        for (i64 r = 0; r < part.rows; r += some.rows) {
            some.row = part.row + r;
            for (i64 g = 0; g < groups; ++g) pack_rows<F>(conv, some, pixels + 4 * g, rows + g * stride);
            for (i64 o = 0; o < part.outputs; o += outputs_at_once) {
                const i64 p = o / outputs_at_once;
                dot_tile<Signed::panel, F == Format::bit ? Range::bits : Range::wide>(
                    count, {rows, 4, stride}, panels[p], groups, AsTheyAre{false}, sums[p] + r / some.rows * count,
                    least(outputs_at_once, part.outputs - o));
            }
        }
    }
}

template <class Sink>
[[gnu::noinline]] void bit_gradients(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    auto& sums = space.take<TallSums[most_panels]>();
    const Pixels pixels(conv, part);
    std::memset(sums, 0, sizeof sums);
    add_products<Format::bit>(conv, part, pixels, 0, pixels.count(), space, sums);
    const i64 together = rows_at_once(part) * part.columns;  // taps
    // Seven rows more than a tap has are within the sums: parts that fill them have taps of 64 inputs.
    each_tap_of_eight(part, [&](i64 o, i64 outputs, i64 t) {
        const i32(*tile)[outputs_at_once] = sums[o / outputs_at_once] + t / together * together * (part.inputs + 1);
        const i64 tap = t % together;
        alignas(64) i32 gradients[8][segment];
        turn_eight(tile + tap * part.inputs, o % outputs_at_once, tile[together * part.inputs + tap], part.inputs,
                   gradients);
        gradient_words::Words<i32> found{gradients, part.first, part.inputs, outputs};
        for (i64 j = 0; j < outputs; ++j) found.rows[j] = row_of(conv, part, o + j, t);
        sink(found);
    });
}

// The same of few inputs. Rows of taps are joined to words (joined_taps.hpp), whose bits are rows of the product;
// behind them, in the last word of a row of taps, those of what the taps see.
class JoinedPart {
  public:
    JoinedPart(const Convolution& conv, const Part& part)
        : joined(conv.x.cols, part.columns), words(part.rows * joined.row_words) {}

    bool usable() const {
        return joined.fewer() && words <= most_words && joined.bits_of(joined.row_words - 1) + joined.taps <= segment;
    }
    i64 rows_of(i64 word) const {
        const i64 w = word % joined.row_words;
        return joined.bits_of(w) + (w + 1 == joined.row_words ? joined.taps : 0);
    }
    // The first row of the product that is of tap `tap`, and the one of what it sees.
    i64 row_of_tap(i64 tap) const {
        const i64 row = tap / joined.taps * joined.row_words, t = tap % joined.taps;
        return (row + t / joined.together) * segment + t % joined.together * joined.channels;
    }
    i64 row_of_seen(i64 tap) const {
        const i64 last = (tap / joined.taps + 1) * joined.row_words - 1;
        return last * segment + joined.bits_of(joined.row_words - 1) + tap % joined.taps;
    }

    static constexpr i64 most_words = 4;
    static_assert((most_words + 1) * segment <= most_rows);

    const JoinedTaps joined;
    const i64 words;
};

using JoinedWords = u64[block_pixels * JoinedPart::most_words];

// The words of pixels of dY, and the numbers of these; what fills a group of four has none.
inline void join_pixels(const Convolution& conv, const Part& part, const JoinedPart& taps, const Pixels& all, i64 base,
                        i64 count, u64* out, i64* numbers) {
    const Window& window = conv.window;
    const i64 padded = divide_up(count, 4) * 4;
    for (i64 i = count; i < padded; ++i) {
        numbers[i] = 0;
        for (i64 w = 0; w < taps.words; ++w) out[i * taps.words + w] = 0;
    }
    all.each_run(base, count, [&](i64 example, i64 row, i64 column, i64 n) {
        const i64 first = conv.output.pixel(example, row, column);
        for (i64 i = 0; i < n; ++i) *numbers++ = first + i;
        for (i64 r = 0; r < part.rows; ++r) {
            const i64 at = window.input_row(row, part.row + r);
            const bool inside = at >= 0 && at < conv.input.height;
            const u64* words = inside ? bit_row(conv.x, conv.input.pixel(example, at, 0)) : nullptr;
            taps.joined.join({words, conv.input.width, window.input_column(column, part.column), window.stride}, n,
                             true, out + r * taps.joined.row_words, taps.words);
        }
        out += n * taps.words;
    });
}

template <class Sink>
[[gnu::noinline]] void joined_gradients(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    auto& sums = space.take<Sums[most_panels]>();
    auto& panel = space.take<Panel>();
    auto& rows = space.take<u8[block_groups * 4 * (most_rows + segment)]>();
    auto& words = space.take<JoinedWords>();
    const JoinedPart taps(conv, part);
    const Pixels all(conv, part);
    const i64 stride = 4 * segment * taps.words | 64;
    i64 numbers[block_pixels];
    std::memset(sums, 0, sizeof sums);
    for (i64 base = 0; base < all.count(); base += block_pixels) {
        const i64 count = least(block_pixels, all.count() - base), groups = divide_up(count, 4);
        join_pixels(conv, part, taps, all, base, count, words, numbers);
        for (i64 g = 0; g < groups; ++g) {
            const u64* from = words + 4 * g * taps.words;
            for (i64 w = 0; w < taps.words; ++w) {
                const u64 four[4] = {from[w], from[taps.words + w], from[2 * taps.words + w], from[3 * taps.words + w]};
                interleave_bits(four, rows + g * stride + 4 * segment * w);
            }
        }
        for (i64 o = 0; o < part.outputs; o += outputs_at_once) {
            const i64 outputs = least(outputs_at_once, part.outputs - o);
            for (i64 g = 0; g < groups; ++g) {
                const GroupRows<4> four(conv.dy, [&](i64 i) { return numbers[4 * g + i]; }, part.output + o, outputs);
                interleave_bytes(four.rows, outputs, panel[g][0]);
            }
            for (i64 w = 0; w < taps.words; ++w) {
                dot_tile<Signed::panel, Range::bits>(taps.rows_of(w), {rows + 4 * segment * w, 4, stride}, panel,
                                                     groups, AsTheyAre{false}, sums[o / outputs_at_once] + segment * w,
                                                     outputs);
            }
        }
    }
    each_tap_of_eight(part, [&](i64 o, i64 outputs, i64 t) {
        const Sums& tile = sums[o / outputs_at_once];
        alignas(64) i32 gradients[8][segment];
        turn_eight(tile + taps.row_of_tap(t), o % outputs_at_once, tile[taps.row_of_seen(t)], part.inputs, gradients);
        gradient_words::Words<i32> found{gradients, part.first, part.inputs, outputs};
        for (i64 j = 0; j < outputs; ++j) found.rows[j] = row_of(conv, part, o + j, t);
        sink(found);
    });
}

template <class Sink>
[[gnu::noinline]] void byte_gradients(const Convolution& conv, const Part& part, Workspace space, Sink&& sink) {
    auto& sums = space.take<Sums>();
    auto& totals = space.take<i64[most_rows][outputs_at_once]>();
    const Pixels pixels(conv, part);
    std::memset(totals, 0, sizeof totals);
    for (i64 begin = 0; begin < pixels.count(); begin += flush_pixels) {
        std::memset(sums, 0, sizeof sums);
        add_products<Format::u8>(conv, part, pixels, begin, least(begin + flush_pixels, pixels.count()), space, &sums);
        for (i64 k = 0; k < part.weights(); ++k) {
            const i32* seen = sums[part.weights() + k / part.inputs];
            for (i64 o = 0; o < part.outputs; ++o) totals[k][o] += 2 * i64{sums[k][o]} - 255 * i64{seen[o]};
        }
    }
    each_tap(conv, part, [&](i64 o, i64 t, i64 weights_row) {
        i64 gradients[1][segment];
        for (i64 c = 0; c < part.inputs; ++c) gradients[0][c] = totals[t * part.inputs + c][o];
        sink(gradient_words::Words<i64>{gradients, part.first, part.inputs, 1, {weights_row}});
    });
}

template <class L, class Sink>
inline void lookup_gradients(const Call& call, const Convolution& conv, i64 begin, i64 end, Sink&& sink) {
    if constexpr (L::usable) {
        const Division division = division_by_tables(conv);
        for (i64 unit = begin; unit < end; ++unit) {
            const Part part = division[unit];
            conv.dy.format == Format::i4 ? LookupProducts<L, 1>(conv, part, Workspace(call)).run(sink)
                                         : LookupProducts<L, L::digits_of_bytes>(conv, part, Workspace(call)).run(sink);
        }
    }
}

template <class S, class Sink>
inline void strip_gradients(const Call& call, const Convolution& conv, i64 begin, i64 end, Sink&& sink) {
    if constexpr (S::usable) {
        for (i64 part = begin; part < end; ++part) StripProducts<S>(conv, part, Workspace(call)).run(sink);
    }
}

template <class D, class S, class Sink>
inline void band_gradients(const Call& call, const Convolution& conv, i64 begin, i64 end, Sink&& sink) {
    if constexpr (D::usable && S::usable) {
        const Division division = division_by_bands(conv);
        for (i64 unit = begin; unit < end; ++unit) BandProducts<D, S>(conv, division[unit], Workspace(call)).run(sink);
    }
}

// sink(Words): for every tap of every output of the parts [begin, end), the gradients of one word of inputs, i32 from
// bits, i64 from bytes.
template <class Sink>
inline void integer_gradients(const Call& call, i64 begin, i64 end, Sink&& sink) {
    const Convolution conv(call);
    const Way way = way_of(conv);
    if (way == Way::bands) return band_gradients<FarDots, Strips>(call, conv, begin, end, sink);
    if (way == Way::strips) return strip_gradients<Strips>(call, conv, begin, end, sink);
    if (way == Way::tables) return lookup_gradients<Lookups>(call, conv, begin, end, sink);
    const Division division = division_by_rows(conv, outputs_of_part(conv.x));
    for (i64 unit = begin; unit < end; ++unit) {
        if (conv.x.format == Format::bit && JoinedPart(conv, division[unit]).usable()) {
            joined_gradients(conv, division[unit], Workspace(call), sink);
        } else if (conv.x.format == Format::bit) {
            bit_gradients(conv, division[unit], Workspace(call), sink);
        } else {
            byte_gradients(conv, division[unit], Workspace(call), sink);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    if (is_integer(call.operands[DY].format)) {
        integer_gradients(call, begin, end,
                          [&](const auto& words) { weight_gradient::store_exact(call.operands[WEIGHTS], words); });
    } else {
        run_floats(call, begin, end);
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d_weight_gradient
