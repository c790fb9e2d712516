// weight_gradient: dW = X^T dY. A part is 64 inputs, and of an integer dY 128 outputs: the panel holds X of some
// examples, rows are the channels of dY^T. Inputs are signs, kept as bits, or bytes u: sum dy (2u - 255) = 2 sum dy u -
// 255 sum dy. What becomes of a word of 64 gradients is the business of a sink: here it is stored, in fused_updates.hpp
// it moves weights.
#pragma once

#include "dot8_panels.hpp"
#include "float_product.hpp"
#include "gradient_words.hpp"
#include "sparse_bytes.hpp"

namespace linocut::LINOCUT_NS::weight_gradient {

inline i64 tiles_of(const Operand& dy) { return is_integer(dy.format) ? divide_up(dy.cols, tile_rows) : 1; }
inline i64 units(const Call& call) {
    return divide_up(call.operands[1].cols, tile_columns) * tiles_of(call.operands[0]);
}

// A part: a word of inputs, and the outputs of one tile. Tile by tile, so that threads have outputs of their own, which
// they bring into bits and multiply by then (binarize.hpp, binary_matmul.hpp).
struct Part {
    i64 word, first, n;
    i64 output, outputs;

    Part(const Operand& dy, const Operand& x, i64 unit)
        : word(unit % words(x.cols)),
          first(word * tile_columns),
          n(least(tile_columns, x.cols - first)),
          output(unit / words(x.cols) * tile_rows),
          outputs(least(tile_rows, dy.cols - output)) {}
};

using Gradients = i32[tile_columns];

// sink(Words of i32): for every output of a part, the gradients of its word of inputs; `read(output)` points to those
// of eight.
template <class Read, class Sink>
inline void give_words(const Part& part, const Read& read, Sink&& sink) {
    for (i64 o = 0; o < part.outputs; o += gradient_words::words_at_once) {
        const i64 count = least(gradient_words::words_at_once, part.outputs - o);
        gradient_words::Words<i32> found{read(o), part.first, part.n, count};
        for (i64 i = 0; i < count; ++i) found.rows[i] = part.output + o + i;
        sink(found);
    }
}

inline constexpr i64 block_examples = 256;
inline constexpr i64 block_groups = block_examples / 4;

// dY^T of a block of examples: [group][output][4].
using Channels = u8[block_groups][tile_rows][4];

// Rows of examples [first, first + count), whose sums `sums` gain.
inline ByteRows pack_channels(const Operand& dy, const Part& part, i64 first, i64 count, Channels& channels,
                              i32* sums) {
    for (i64 c = 0; c < part.outputs; c += segment) {
        const i64 n = least(segment, part.outputs - c);
        pack_bytes(dy, first, count, part.output + c, n, channels[0][c], sizeof channels[0]);
        sum_columns(channels[0][c], divide_up(count, 4), sizeof channels[0], sums + c);
    }
    return {channels[0][0], 4, sizeof channels[0]};
}

// visit(first, count, fresh) for the blocks of examples.
template <class Visit>
inline void each_block(i64 examples, i64 block, Visit&& visit) {
    for (i64 first = 0; first < examples; first += block) visit(first, least(block, examples - first), first == 0);
}

template <class Sink>
inline void bit_gradients(const Operand& dy, const Operand& x, const Part& part, Workspace space, Sink&& sink) {
    static_assert(block_groups <= chunk_groups);
    auto& panel = space.take<Panel>();
    auto& tile = space.take<Tile>();
    auto& channels = space.take<Channels>();
    each_block(dy.rows, block_examples, [&](i64 example, i64 count, bool fresh) {
        i32 sums[tile_rows] = {};
        const ByteRows rows = pack_channels(dy, part, example, count, channels, sums);
        pack_bit_panel(x, example, count, part.word, panel);
        dot_tile<Signed::rows, Range::bits>(part.outputs, rows, panel, divide_up(count, 4), OfSigns{fresh, sums}, tile);
    });
    give_words(part, [&](i64 output) -> const Gradients* { return tile + output; }, sink);
}

// 2 doubled - less, which fits 32 bits though its parts may not.
inline i32 difference(i32 doubled, i32 less) {
    return static_cast<i32>(2u * static_cast<u32>(doubled) - static_cast<u32>(less));
}

// Of lanes, whose zeros are passed over.
template <class Lanes, class Sink>
inline void lane_gradients(const Operand& dy, const Operand& x, const Part& part, Workspace space, Sink&& sink) {
    using Sparse = SparseBytes<Lanes>;
    auto& block = space.template take<typename Sparse::Block>();
    auto& products = space.template take<typename Sparse::Sums>();
    alignas(64) i32 gradients[gradient_words::words_at_once][tile_columns];
    i32 sums[tile_rows] = {};
    each_block(dy.rows, Sparse::block_examples, [&](i64 example, i64 count, bool fresh) {
        Sparse::pack_gradients(dy, example, count, part.output, part.outputs, block, sums);
        Sparse::pack_inputs(x, example, count, part.first, part.n, block);
        Sparse::multiply(block, part.outputs, fresh, products);
    });
    for (i32& sum : sums) sum *= 255;
    const auto read = [&](i64 output) -> const Gradients* {
        turn_eight(products, output, sums, tile_columns, gradients);
        return gradients;
    };
    give_words(part, read, sink);
}

template <class Sink>
inline void tile_gradients(const Operand& dy, const Operand& x, const Part& part, Workspace space, Sink&& sink) {
    auto& panel = space.take<Panel>();
    auto& tile = space.take<Tile>();
    auto& channels = space.take<Channels>();
    i32 sums[tile_rows] = {};
    each_block(dy.rows, block_examples, [&](i64 example, i64 count, bool fresh) {
        const ByteRows rows = pack_channels(dy, part, example, count, channels, sums);
        pack_bytes(x, example, count, part.first, part.n, panel[0][0], sizeof panel[0]);
        dot_tile<Signed::rows, Range::wide>(part.outputs, rows, panel, divide_up(count, 4), AsTheyAre{fresh}, tile);
    });
    for (i64 o = 0; o < part.outputs; ++o) {
        for (i32& sum : tile[o]) sum = difference(sum, 255 * sums[o]);
    }
    give_words(part, [&](i64 output) -> const Gradients* { return tile + output; }, sink);
}

template <class Lanes, class Sink>
inline void byte_gradients(const Operand& dy, const Operand& x, const Part& part, Workspace space, Sink&& sink) {
    if constexpr (Lanes::usable) {
        lane_gradients<Lanes>(dy, x, part, space, sink);
    } else {
        tile_gradients(dy, x, part, space, sink);
    }
}

// sink(Words of i32): for every output of one part, the gradients of its word of inputs.
template <class Sink>
inline void integer_gradients(const Operand& dy, const Operand& x, i64 unit, Workspace space, Sink&& sink) {
    const Part part(dy, x, unit);
    x.format == Format::bit ? bit_gradients(dy, x, part, space, sink)
                            : byte_gradients<ByteLanes>(dy, x, part, space, sink);
}

// A byte u counts as 2u - 255.
inline void load_bytes(const u8* from, i64 n, float* out) {
    for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(2 * from[i] - 255);
}

// One word of inputs of one example as floats; a byte u counts as 2u - 255, bits as +-1, beyond the last input is 0.
inline void load_inputs(const Operand& x, i64 example, i64 unit, i64 n, float* out) {
    if (x.format == Format::bit) {
        expand_signs(bit_row(x, example)[unit], out);
    } else if (x.format == Format::u8) {
        load_bytes(row<u8>(x, example) + unit * segment, n, out);
    } else {
        load_floats(x, example, unit * segment, n, out);
    }
    for (i64 i = n; i < segment; ++i) out[i] = 0.0f;
}

// sink(output, first input, count, gradients) for outputs [first_output, first_output + outputs) of one word of inputs;
// the sink may change the gradients that it is given.
template <bool Exact = false, class Sink>
[[gnu::noinline]] void float_gradients(const Operand& dy, i64 first_output, i64 outputs, const Operand& x, i64 word,
                                       Workspace space, Sink&& sink) {
    auto& scratch = space.take<float[float_rows * float_chunk]>();
    const i64 first = word * float_columns, n = least(float_columns, x.cols - first);
    const auto factors = [&](i64 output, i64 some, i64 example, i64 count) {
        return transposed(float_part(dy, example, count, first_output + output, some, scratch));
    };
    const auto pack = [&](i64 example, i64 count, FloatPanel& panel) {
        for (i64 e = 0; e < count; ++e) load_inputs(x, example + e, word, n, panel[e]);
    };
    multiply_by_panels<Exact>(outputs, dy.rows, space, factors, pack, [&](i64 output, i64 some, FloatTile& tile) {
        for (i64 o = 0; o < some; ++o) sink(first_output + output + o, first, n, tile[o]);
    });
}

inline u64 pack_positive(const u8* positive, i64 n) {
    alignas(64) u8 flags[segment] = {};
    for (i64 c = 0; c < n; ++c) flags[c] = positive[c] ? 0xFF : 0;
    return pack_flags(flags);
}

inline void store_signs(const Operand& dw, i64 r, i64 first, i64 n, const u8* positive) {
    bit_row(dw, r)[first / segment] = pack_positive(positive, n);
}

// Exact gradients in dW's format, bits or q7.
template <class T>
inline void store_exact(const Operand& dw, const gradient_words::Words<T>& words) {
    for (i64 i = 0; i < words.count; ++i) {
        if (dw.format == Format::q7) {
            gradient_words::mantissas(words.gradients[i], words.n, row<i8>(dw, words.rows[i]) + words.first);
            continue;
        }
        u8 positive[segment];
        gradient_words::signs(words.gradients[i], words.n, positive);
        store_signs(dw, words.rows[i], words.first, words.n, positive);
    }
}

// Gradients, or their signs where dW is in bits.
inline void store_gradients(const Operand& dw, i64 r, i64 first, i64 n, const float* gradients) {
    if (dw.format != Format::bit) {
        store_floats(dw, r, first, n, gradients);
        return;
    }
    u8 positive[segment];
    for (i64 c = 0; c < n; ++c) positive[c] = gradients[c] >= 0.0f;
    store_signs(dw, r, first, n, positive);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[0], &x = call.operands[1], &dw = call.operands[2];
    const float scale = x.format == Format::u8 && dw.format != Format::bit ? 1.0f / 255.0f : 1.0f;
    const auto store = [&](i64 output, i64 first, i64 n, float* gradients) {
        for (i64 c = 0; c < n; ++c) gradients[c] *= scale;
        store_gradients(dw, output, first, n, gradients);
    };
    for (i64 unit = begin; unit < end; ++unit) {
        if (is_integer(dy.format)) {
            integer_gradients(dy, x, unit, Workspace(call), [&](const auto& words) { store_exact(dw, words); });
        } else {
            float_gradients(dy, 0, dy.cols, x, unit, Workspace(call), store);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::weight_gradient
