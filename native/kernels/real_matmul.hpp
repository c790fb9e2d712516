// real_matmul: y = X W^, the first layer.
// A u8 input u means (2u - 255) / 255: sum (2u - 255) w = 2 sum u w - 255 sum w, from bytes times +-1.
#pragma once

#include "dot8_contiguous.hpp"
#include "float_product.hpp"

namespace linocut::LINOCUT_NS::real_matmul {

inline constexpr float u8_scale = 255.0f;

inline i64 units(const Call& call) { return divide_up(call.operands[1].rows, tile_columns); }

// Four bytes, -1 or +1, for each value of four bits.
struct SignQuads {
    u8 bytes[16][4];

    constexpr SignQuads() : bytes() {
        for (int nibble = 0; nibble < 16; ++nibble) {
            for (int i = 0; i < 4; ++i) bytes[nibble][i] = (nibble >> i) & 1 ? 0x01 : 0xFF;
        }
    }
};
inline constexpr SignQuads sign_quads;

// Panel of -1 and +1 (0 past the last input) from inputs [first, first + count) of 64 outputs.
inline void pack_sign_panel(const Operand& weights, i64 first_output, i64 first, i64 count, Panel& panel) {
    const i64 outputs = least(tile_columns, weights.rows - first_output), whole = count / 4;
    i64 begin = 0;  // the first group that is left
    if (expands_signs_of_eight && outputs == tile_columns && first % 32 == 0) {
        for (; begin + 8 <= whole; begin += 8) {
            const i64 half = (first + 4 * begin) / 32;  // of a word
            for (i64 c = 0; c < tile_columns; c += 8) {
                i32 bits[8];
                for (i64 i = 0; i < 8; ++i) {
                    const u64 word = bit_row(weights, first_output + c + i)[half / 2];
                    bits[i] = static_cast<i32>(word >> (32 * (half % 2)));
                }
                expand_signs_of_eight(bits, panel + begin, c);
            }
        }
    }
    std::memset(panel + begin, 0, static_cast<std::size_t>(divide_up(count, 4) - begin) * sizeof panel[0]);
    for (i64 c = 0; c < outputs; ++c) {
        const u64* bits = bit_row(weights, first_output + c);
        const auto nibble = [&](i64 g) {
            return (bits[(first + 4 * g) / segment] >> ((first + 4 * g) % segment)) & 15;
        };
        for (i64 g = begin; g < whole; ++g) std::memcpy(panel[g][c], sign_quads.bytes[nibble(g)], 4);
        if (count % 4)
            std::memcpy(panel[whole][c], sign_quads.bytes[nibble(whole)], static_cast<std::size_t>(count % 4));
    }
}

inline i32 sum_of_signs(const Operand& weights, i64 output) {
    i64 ones = 0;
    for (i64 w = 0; w < words(weights.cols); ++w) ones += __builtin_popcountll(bit_row(weights, output)[w]);
    return static_cast<i32>(2 * ones - weights.cols);
}

// Sums of (2u - 255) w, n of them: as they are, or divided by 255 in a float Y.
inline void store_exact(const Operand& y, i64 r, i64 first, i64 n, const i32* exact) {
    if (y.format == Format::i32) {
        std::memcpy(row<i32>(y, r) + first, exact, static_cast<std::size_t>(n) * sizeof(i32));
        return;
    }
    if (y.format == Format::i16) {
        i16* out = row<i16>(y, r) + first;
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<i16>(exact[c]);
        return;
    }
    float reals[tile_columns];
    for (i64 c = 0; c < n; ++c) reals[c] = static_cast<float>(exact[c]) / u8_scale;
    store_floats(y, r, first, n, reals);
}

// store(r, exact) has the sums of 64 outputs; those that are not there have 0.
template <class Store>
inline void run_bytes(const Operand& x, const Operand& weights, i64 unit, Workspace space, const Store& store) {
    constexpr i64 chunk = 4 * chunk_groups;
    auto& panel = space.take<Panel>();
    auto& tile = space.take<Tile>();
    const i64 first = unit * tile_columns, n = least(tile_columns, weights.rows - first);
    i32 signs[tile_columns] = {};
    for (i64 c = 0; c < n; ++c) signs[c] = sum_of_signs(weights, first + c);
    for (i64 base = 0; base < x.rows; base += tile_rows) {
        const i64 rows = least(tile_rows, x.rows - base);
        for (i64 k = 0; k < x.cols; k += chunk) {
            const i64 count = least(chunk, x.cols - k);
            if (base == 0 || x.cols > chunk) pack_sign_panel(weights, first, k, count, panel);
            dot_tile_contiguous<Signed::panel, Range::signs, Zeros::passed_over>(rows, row<u8>(x, base) + k, x.cols,
                                                                                 count, panel, AsTheyAre{k == 0}, tile);
        }
        for (i64 r = 0; r < rows; ++r) {
            alignas(64) i32 exact[tile_columns];
            for (i64 c = 0; c < tile_columns; ++c) exact[c] = 2 * tile[r][c] - 255 * signs[c];
            store(base + r, exact);
        }
    }
}

inline void pack_float_panel(const Operand& weights, i64 first_output, i64 first, i64 count, FloatPanel& panel) {
    const i64 outputs = least(float_columns, weights.rows - first_output);
    for (i64 c = 0; c < float_columns; ++c) {
        const u64* bits = c < outputs ? bit_row(weights, first_output + c) : nullptr;
        for (i64 k = 0; k < count; ++k) {
            const i64 at = first + k;
            panel[k][c] = !bits ? 0.0f : (bits[at / segment] >> (at % segment)) & 1 ? 1.0f : -1.0f;
        }
    }
}

inline void run_floats(const Call& call, i64 unit) {
    const Operand &x = call.operands[0], &weights = call.operands[1], &y = call.operands[2];
    const i64 first = unit * float_columns, n = least(float_columns, weights.rows - first);
    const auto factors = [&](i64 base, i64, i64 k, i64) { return FloatRows{row<float>(x, base) + k, x.cols, 1}; };
    const auto pack = [&](i64 k, i64 count, FloatPanel& panel) { pack_float_panel(weights, first, k, count, panel); };
    multiply_by_panels(x.rows, x.cols, Workspace(call), factors, pack, [&](i64 base, i64 rows, const FloatTile& tile) {
        for (i64 r = 0; r < rows; ++r) store_floats(y, base + r, first, n, tile[r]);
    });
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        const Operand &x = call.operands[0], &weights = call.operands[1], &y = call.operands[2];
        if (x.format == Format::u8) {
            const i64 first = unit * tile_columns, n = least(tile_columns, weights.rows - first);
            run_bytes(x, weights, unit, Workspace(call),
                      [&](i64 r, const i32* exact) { store_exact(y, r, first, n, exact); });
        } else {
            run_floats(call, unit);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::real_matmul
