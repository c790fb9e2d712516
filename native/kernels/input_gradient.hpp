// input_gradient: dX = dY W^. A part is 64 inputs: the panel holds their weights, rows are those of dY.
// With weights as bits b: sum dy (2b - 1) = 2 sum dy b - sum dy.
#pragma once

#include "dot8_contiguous.hpp"
#include "dot8_panels.hpp"
#include "float_product.hpp"
#include "gradient_scale.hpp"

namespace linocut::LINOCUT_NS::input_gradient {

enum { DY, DY_EXPONENT, WEIGHTS, DX, DX_EXPONENT, SCALE };

inline i64 units(const Call& call) { return divide_up(call.operands[DX].cols, tile_columns); }

inline i32 sum_row(const i8* from, i64 n) {
    const i64 whole = n / segment * segment;
    i32 sum = sum_bytes(reinterpret_cast<const u8*>(from), whole);
    from += whole;
    n -= whole;
    for (i64 i = 0; i < n; ++i) sum += from[i];
    return sum;
}

inline constexpr i64 chunk = 4 * chunk_groups;

// Rows of dY as bytes: those that are some already, or i4 unpacked, outputs [k, k + count) of each.
struct BytesOfRows {
    const Operand& dy;
    i8 (*unpacked)[chunk] = nullptr;  // of tile_rows

    BytesOfRows(const Operand& rows, Workspace& space) : dy(rows) {
        if (dy.format == Format::i4) unpacked = space.several<i8[chunk]>(tile_rows);
    }

    const i8* from(i64 base, i64 rows, i64 k, i64 count) const {
        if (dy.format == Format::i8) return row<i8>(dy, base) + k;
        for (i64 r = 0; r < rows; ++r) unpack_nibbles(nibble_row(dy, base + r, k), count, unpacked[r]);
        return unpacked[0];
    }
    i64 stride() const { return dy.format == Format::i8 ? dy.cols : chunk; }
};

inline void run_bytes(const Call& call, i64 unit) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    Workspace space(call);
    auto& panel = space.take<Panel>();
    auto& tile = space.take<Tile>();
    const BytesOfRows bytes(dy, space);
    const i64 first = unit * tile_columns, n = least(tile_columns, dx.cols - first);
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    Seen seen;
    i32 sums[tile_rows];
    for (i64 base = 0; base < dy.rows; base += tile_rows) {
        const i64 rows = least(tile_rows, dy.rows - base);
        for (i64 k = 0; k < dy.cols; k += chunk) {
            const i64 count = least(chunk, dy.cols - k);
            const i8* from = bytes.from(base, rows, k, count);
            for (i64 r = 0; r < rows; ++r) sums[r] = sum_row(from + r * bytes.stride(), count);
            if (base == 0 || dy.cols > chunk) pack_bit_panel(weights, k, count, unit, panel);
            dot_tile_contiguous<Signed::rows, Range::bits>(rows, reinterpret_cast<const u8*>(from), bytes.stride(),
                                                           count, panel, OfSigns{k == 0, sums}, tile);
        }
        for (i64 r = 0; r < rows; ++r) store_sums(dx, base + r, first, tile[r], n, shift, seen);
    }
    seen.note(call.operands[SCALE]);
}

inline void run_floats(const Call& call, i64 unit) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    Workspace space(call);
    auto& scratch = space.take<float[float_rows * float_chunk]>();
    const i64 first = unit * float_columns, n = least(float_columns, dx.cols - first);
    const auto factors = [&](i64 base, i64 rows, i64 k, i64 count) {
        return float_part(dy, base, rows, k, count, scratch);
    };
    const auto pack = [&](i64 k, i64 count, FloatPanel& panel) {
        for (i64 r = 0; r < count; ++r) expand_signs(bit_row(weights, k + r)[unit], panel[r]);
    };
    multiply_by_panels(dy.rows, dy.cols, space, factors, pack, [&](i64 base, i64 rows, const FloatTile& tile) {
        for (i64 r = 0; r < rows; ++r) store_floats(dx, base + r, first, n, tile[r]);
    });
}

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 unit = begin; unit < end; ++unit) {
        if (is_integer(call.operands[DY].format)) {
            run_bytes(call, unit);
        } else {
            run_floats(call, unit);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::input_gradient
