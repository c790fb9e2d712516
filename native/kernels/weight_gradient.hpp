// weight_gradient: dW = X^T dY. A part is 64 inputs, and of an i8 dY 128 outputs: the panel holds X of some examples, rows are the
// channels of dY^T.
// With inputs as bits b: sum dy (2b - 1) = 2 sum dy b - sum dy; as bytes u: sum dy (2u - 255) = 2 sum dy u - 255 sum dy.
// What becomes of a word of 64 gradients is the business of a sink: here it is stored, in fused_updates.hpp it moves weights.
#pragma once

#include "dot8.hpp"
#include "float_product.hpp"
#include "gradient_words.hpp"

namespace linocut::LINOCUT_NS::weight_gradient {

inline i64 tiles_of(const Operand& dy) { return dy.format == Format::i8 ? divide_up(dy.cols, tile_rows) : 1; }
inline i64 units(const Call& call) {
    return divide_up(call.operands[1].cols, tile_columns) * tiles_of(call.operands[0]);
}

inline constexpr i64 block_examples = 256;
inline constexpr i64 block_groups = block_examples / 4;

// 2 doubled - less, which fits 32 bits though its parts may not.
inline i32 difference(i32 doubled, i32 less) {
    return static_cast<i32>(2u * static_cast<u32>(doubled) - static_cast<u32>(less));
}

// sink(Words of i32): for every output of one part, the gradients of its word of inputs.
template <class Sink>
inline void integer_gradients(const Operand& dy, const Operand& x, i64 unit, Sink&& sink) {
    static_assert(block_groups <= chunk_groups);
    alignas(64) Panel panel;
    alignas(64) Tile tile;
    alignas(64) u8 channels[block_groups][tile_rows][4];
    const bool bits = x.format == Format::bit;
    const i64 word = unit / tiles_of(dy), first = word * tile_columns, n = least(tile_columns, x.cols - first);
    const i64 output = unit % tiles_of(dy) * tile_rows, outputs = least(tile_rows, dy.cols - output);
    i32 sums[tile_rows] = {};
    for (i64 example = 0; example < dy.rows; example += block_examples) {
        const i64 count = least(block_examples, dy.rows - example), groups = divide_up(count, 4);
        for (i64 c = 0; c < outputs; c += segment) {
            pack_bytes(dy, example, count, output + c, least(segment, outputs - c), channels[0][c], sizeof channels[0]);
            sum_columns(channels[0][c], groups, sizeof channels[0], sums + c);
        }
        const ByteRows rows{channels[0][0], 4, sizeof channels[0]};
        if (bits) {
            pack_bit_panel(x, example, count, word, panel);
            dot_tile<Signed::rows, Range::bits>(outputs, rows, panel, groups, example == 0, tile);
        } else {
            pack_bytes(x, example, count, first, n, panel[0][0], sizeof panel[0]);
            dot_tile<Signed::rows, Range::wide>(outputs, rows, panel, groups, example == 0, tile);
        }
    }
    i32 gradients[gradient_words::words_at_once][tile_columns];
    for (i64 o = 0; o < outputs; o += gradient_words::words_at_once) {
        gradient_words::Words<i32> found{gradients, first, n};
        for (; found.count < least(gradient_words::words_at_once, outputs - o); ++found.count) {
            const i64 row = o + found.count;
            const i32 less = (bits ? 1 : 255) * sums[row];
            for (i64 c = 0; c < tile_columns; ++c) gradients[found.count][c] = difference(tile[row][c], less);
            found.rows[found.count] = output + row;
        }
        sink(found);
    }
}

// One word of inputs of one example as floats; a byte u counts as 2u - 255, bits as +-1, beyond the last input is 0.
inline void load_inputs(const Operand& x, i64 example, i64 unit, i64 n, float* out) {
    if (x.format == Format::bit) {
        expand_signs(bit_row(x, example)[unit], out);
    } else if (x.format == Format::u8) {
        const u8* from = row<u8>(x, example) + unit * segment;
        for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(2 * from[i] - 255);
    } else {
        load_floats(x, example, unit * segment, n, out);
    }
    for (i64 i = n; i < segment; ++i) out[i] = 0.0f;
}

// sink(output, first input, count, gradients): word by word.
template <class Sink>
inline void float_gradients(const Operand& dy, const Operand& x, i64 unit, Sink&& sink) {
    alignas(64) FloatPanel panel;
    alignas(64) FloatTile tile;
    alignas(64) float scratch[float_rows * float_chunk];
    const i64 first = unit * float_columns, n = least(float_columns, x.cols - first);
    for (i64 output = 0; output < dy.cols; output += float_rows) {
        const i64 outputs = least(float_rows, dy.cols - output);
        std::memset(tile, 0, sizeof tile);
        for (i64 example = 0; example < dy.rows; example += float_chunk) {
            const i64 count = least(float_chunk, dy.rows - example);
            for (i64 e = 0; e < count; ++e) load_inputs(x, example + e, unit, n, panel[e]);
            const FloatRows rows = float_part(dy, example, count, output, outputs, scratch);
            multiply_tile(outputs, transposed(rows), panel, count, tile);
        }
        for (i64 o = 0; o < outputs; ++o) sink(output + o, first, n, static_cast<const float*>(tile[o]));
    }
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
    const auto store = [&](i64 output, i64 first, i64 n, const float* gradients) {
        float scaled[segment];
        for (i64 c = 0; c < n; ++c) scaled[c] = gradients[c] * scale;
        store_gradients(dw, output, first, n, scaled);
    };
    for (i64 unit = begin; unit < end; ++unit) {
        if (dy.format == Format::i8) {
            integer_gradients(dy, x, unit, [&](const auto& words) { store_exact(dw, words); });
        } else {
            float_gradients(dy, x, unit, store);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::weight_gradient
