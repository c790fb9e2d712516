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

// What gates are made of, and 64 cells of them at a time.
struct Cells {
    const q10::Functions functions;
    const bool by_sigmoid;
    const i32 high, low;
    const i64 n;
    const i16 *bias, *holes;

    explicit Cells(const Call& call)
        : functions{call.attributes[PAPER] != 0},
          by_sigmoid(call.attributes[SIGMOID] != 0),
          high(call.attributes[BOUND] > 0 ? static_cast<i32>(call.attributes[BOUND]) : q10::highest),
          low(call.attributes[BOUND] > 0 ? -high : q10::lowest),
          n(call.operands[CELLS].cols),
          bias(row<i16>(call.operands[BIAS], 0)),
          holes(given(call.operands[PEEPHOLES]) ? row<i16>(call.operands[PEEPHOLES], 0) : nullptr) {}

    // The sum that the function of a gate is given: product, bias, and the cells that the peephole sees.
    void sum(const i16* products, i64 gate, i64 hole, i64 first, i64 count, const i32* cells, i32* out) const {
        const i16* added = bias + gate * n + first;
        for (i64 i = 0; i < count; ++i) out[i] = products[first + i] + added[i];
        if (holes != nullptr && cells != nullptr) {
            const i16* seen = holes + hole * n + first;
            for (i64 i = 0; i < count; ++i) out[i] += q10::shifted(seen[i] * cells[i], q10::point);
        }
        for (i64 i = 0; i < segment; ++i) out[i] = q10::saturated(out[i]);
    }

    static void put(const i32* from, i64 first, i64 count, i16* to) {
        for (i64 i = 0; i < count; ++i) to[first + i] = static_cast<i16>(from[i]);
    }

    // Products become gates, cells and m.
    void pass(const Gates& gates, i16* cells) const {
        i32 in[segment] = {}, g[segment] = {}, f[segment] = {}, o[segment] = {}, c[segment] = {};
        for (i64 first = 0; first < n; first += segment) {
            const i64 count = least(segment, n - first);
            for (i64 i = 0; i < count; ++i) c[i] = cells[first + i];
            sum(gates.i, 0, 0, first, count, c, in);
            sum(gates.g, 1, 0, first, count, nullptr, g);
            sum(gates.f, 2, 1, first, count, c, f);
            functions.sigmoid(in);
            functions.sigmoid(f);
            if (by_sigmoid) {
                functions.sigmoid(g);
            } else {
                functions.tanh(g);
            }
            for (i64 i = 0; i < segment; ++i)
                c[i] = clamp(q10::shifted(f[i] * c[i] + in[i] * g[i], q10::point), low, high);
            sum(gates.o, 3, 2, first, count, c, o);
            functions.sigmoid(o);
            put(in, first, count, gates.i);
            put(g, first, count, gates.g);
            put(f, first, count, gates.f);
            put(c, first, count, cells);
            functions.tanh(c);
            for (i64 i = 0; i < segment; ++i) o[i] = q10::shifted(o[i] * c[i], q10::point);
            put(o, first, count, gates.o);
        }
    }
};

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
        const Cells of_cells(call);
        for (i64 step = 0; step < ends; ++step) {
            const i64 at = backwards ? ends - 1 - step : step;
            q10::hear(row<i16>(x, b * frames + at), x.cols, k, halvings, heard_x, tile);
            q10::hear(outputs, width, k, halvings, heard_y, tile);
            q10::arrange(heard_x, k, parts[0].x);
            q10::arrange(heard_y, k, parts[1].x);
            q10::multiply<2>(parts, 4 * in_gate, k, bits, halvings, tile, [&](i64 block, int i, i32 value) {
                const i64 gate =
                    (block >= in_gate) + (block >= 2 * in_gate) + (block >= 3 * in_gate);  // a quotient is slow
                of_gate[gate][(block - gate * in_gate) * k + i] = static_cast<i16>(value);
            });
            of_cells.pass(own, cells);
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
