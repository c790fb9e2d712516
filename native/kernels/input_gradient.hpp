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

inline void run_bytes(const Call& call, i64 unit) {
    const Operand &dy = call.operands[DY], &weights = call.operands[WEIGHTS], &dx = call.operands[DX];
    constexpr i64 chunk = 4 * chunk_groups;
    Workspace space(call);
    auto& panel = space.take<Panel>();
    auto& tile = space.take<Tile>();
    const i64 first = unit * tile_columns, n = least(tile_columns, dx.cols - first);
    const int shift = shift_between(call.operands[DY_EXPONENT], call.operands[DX_EXPONENT]);
    Seen seen;
    i32 sums[tile_rows];
    for (i64 base = 0; base < dy.rows; base += tile_rows) {
        const i64 rows = least(tile_rows, dy.rows - base);
        for (i64 r = 0; r < rows; ++r) sums[r] = sum_row(row<i8>(dy, base + r), dy.cols);
        for (i64 k = 0; k < dy.cols; k += chunk) {
            const i64 count = least(chunk, dy.cols - k);
            if (base == 0 || dy.cols > chunk) pack_bit_panel(weights, k, count, unit, panel);
            dot_tile_contiguous<Signed::rows, Range::bits>(rows, row<u8>(dy, base) + k, dy.cols, count, panel,
                                                           OfSigns{k == 0, k == 0 ? sums : nullptr}, tile);
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
        if (call.operands[DY].format == Format::i8) {
            run_bytes(call, unit);
        } else {
            run_floats(call, unit);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::input_gradient
