// q10_lstm: all frames of LSTM layers with block-circulant weights, in Q5.10 (src/linocut/ops/q10_lstm.py). A part is a
// sequence of the batch.
#pragma once

#include "q10_product.hpp"

namespace linocut::LINOCUT_NS::q10_lstm {

enum {
    X,
    LENGTHS,
    INPUTS,
    RECURRENT,
    BIAS,
    PEEPHOLES,
    PROJECTION,
    OUTPUTS,
    CELLS,
    Y,
    HEARD_X,
    HEARD_Y,
    GATES,
    HEARD_M
};
enum { POINT, PROJECTION_POINT, INVERSE, PROJECTION_INVERSE, PAPER, SIGMOID, BACKWARDS, FRESH, BOUND };

inline i64 units(const Call& call) { return call.operands[X].shape[0]; }

// Gates of one sequence, i, g, f and o, each `batch` sequences' cells apart; m takes the place of o.
struct Gates {
    i16 *i, *g, *f, *o;
};

// Products become gates, cells and m.
inline void pass_cells(const Call& call, const Gates& gates, i16* cells, i64 n) {
    const q10::Functions functions{call.attributes[PAPER] != 0};
    const bool by_sigmoid = call.attributes[SIGMOID] != 0;
    const i32 cut = static_cast<i32>(call.attributes[BOUND]), bound = cut > 0 ? cut : q10::highest;
    const i32 wide = cut > 0 ? 0 : 1;  // without a bound -32768 is there too
    const Operand& holes = call.operands[PEEPHOLES];
    const i16* bias = row<i16>(call.operands[BIAS], 0);
    const i16* hole = given(holes) ? row<i16>(holes, 0) : nullptr;
    const auto gated = [&](i32 sum, i64 which, i64 at, i32 cell) {
        if (hole != nullptr) sum += q10::shifted(hole[which * n + at] * cell, q10::point);
        return functions.sigmoid(q10::saturated(sum));
    };
    for (i64 at = 0; at < n; ++at) {
        const i32 before = cells[at];
        const i32 i = gated(gates.i[at] + bias[at], 0, at, before);
        const i32 a = q10::saturated(gates.g[at] + bias[n + at]);
        const i32 g = by_sigmoid ? functions.sigmoid(a) : functions.tanh(a);
        const i32 f = gated(gates.f[at] + bias[2 * n + at], 1, at, before);
        const i32 cell = clamp(q10::shifted(f * before + i * g, q10::point), -bound - wide, bound);
        const i32 o = gated(gates.o[at] + bias[3 * n + at], 2, at, cell);
        gates.i[at] = static_cast<i16>(i);
        gates.g[at] = static_cast<i16>(g);
        gates.f[at] = static_cast<i16>(f);
        gates.o[at] = static_cast<i16>(q10::shifted(o * functions.tanh(cell), q10::point));
        cells[at] = static_cast<i16>(cell);
    }
}

// One sequence, frame by frame.
struct Sequence {
    const Call& call;
    i64 b;

    i64 blocks(int operand) const { return call.operands[operand].shape[1]; }
    i16* of(int operand, i64 numbers) const { return row<i16>(call.operands[operand], 0) + b * numbers; }

    void run(Workspace workspace) const {
        const Operand &x = call.operands[X], &y = call.operands[Y], &lengths = call.operands[LENGTHS];
        const i64 batch = x.shape[0], frames = x.shape[1], n = call.operands[CELLS].cols, width = y.cols;
        const i64 ends = given(lengths) ? clamp<i64>(row<i32>(lengths, 0)[b], 0, frames) : frames;
        const int k = static_cast<int>(call.operands[INPUTS].cols);
        const i64 x_numbers = call.operands[INPUTS].shape[2] * k, y_numbers = call.operands[RECURRENT].shape[2] * k;
        const bool projects = given(call.operands[PROJECTION]), backwards = call.attributes[BACKWARDS] != 0;
        const int bits = static_cast<int>(call.attributes[POINT]);
        const q10::Halvings halvings{call.attributes[INVERSE] != 0};
        auto& tile = workspace.take<q10::Tile>();
        i16 *outputs = of(OUTPUTS, width), *cells = of(CELLS, n), *gates = row<i16>(call.operands[GATES], 0);
        i16 *heard_x = of(HEARD_X, x_numbers), *heard_y = of(HEARD_Y, y_numbers);
        const Gates own{gates + b * n, gates + (batch + b) * n, gates + (2 * batch + b) * n,
                        gates + (3 * batch + b) * n};
        clear(own, heard_x, x_numbers, heard_y, y_numbers, n, projects);
        if (call.attributes[FRESH] != 0) {
            zero(outputs, width);
            zero(cells, n);
        }
        q10::Part parts[2] = {{row<i16>(call.operands[INPUTS], 0), heard_x, q10::room_for(workspace, x_numbers)},
                              {row<i16>(call.operands[RECURRENT], 0), heard_y, q10::room_for(workspace, y_numbers)}};
        q10::Part projected{};
        if (projects) {
            projected = {row<i16>(call.operands[PROJECTION], 0), of(HEARD_M, n), q10::room_for(workspace, n)};
        }
        i16* const of_gate[4] = {own.i, own.g, own.f, own.o};
        const i64 in_gate = blocks(INPUTS);
        for (i64 step = 0; step < ends; ++step) {
            const i64 at = backwards ? ends - 1 - step : step;
            q10::hear(row<i16>(x, b * frames + at), x.cols, k, halvings, heard_x, tile);
            q10::hear(outputs, width, k, halvings, heard_y, tile);
            q10::arrange(heard_x, k, parts[0].x);
            q10::arrange(heard_y, k, parts[1].x);
            q10::multiply<2>(parts, 4 * in_gate, k, bits, halvings, tile, [&](i64 block, int i, i32 value) {
                of_gate[block / in_gate][block % in_gate * k + i] = static_cast<i16>(value);
            });
            pass_cells(call, own, cells, n);
            if (projects) {
                project(projected, own.o, outputs, n, k, tile);
            } else {
                std::memcpy(outputs, own.o, static_cast<std::size_t>(n) * sizeof(i16));
            }
            std::memcpy(row<i16>(y, b * frames + at), outputs, static_cast<std::size_t>(width) * sizeof(i16));
        }
        for (i64 at = ends; at < frames; ++at) zero(row<i16>(y, b * frames + at), width);
    }

  private:
    static void zero(i16* numbers, i64 count) {
        std::memset(numbers, 0, static_cast<std::size_t>(count) * sizeof(i16));
    }
    void clear(const Gates& own, i16* heard_x, i64 x_numbers, i16* heard_y, i64 y_numbers, i64 n, bool projects) const {
        zero(own.i, n);
        zero(own.g, n);
        zero(own.f, n);
        zero(own.o, n);
        zero(heard_x, x_numbers);
        zero(heard_y, y_numbers);
        if (projects) zero(of(HEARD_M, n), n);
    }
    void project(q10::Part& projected, const i16* m, i16* outputs, i64 n, int k, q10::Tile& tile) const {
        const q10::Halvings halvings{call.attributes[PROJECTION_INVERSE] != 0};
        const int bits = static_cast<int>(call.attributes[PROJECTION_POINT]);
        i16* heard = of(HEARD_M, n);
        q10::hear(m, n, k, halvings, heard, tile);
        q10::arrange(heard, k, projected.x);
        const i64 blocks = call.operands[PROJECTION].shape[0];
        q10::multiply<1>(&projected, blocks, k, bits, halvings, tile,
                         [&](i64 block, int i, i32 value) { outputs[block * k + i] = static_cast<i16>(value); });
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 b = begin; b < end; ++b) Sequence{call, b}.run(Workspace(call));
}

}  // namespace linocut::LINOCUT_NS::q10_lstm
