// lstm and its gradient: long short-term memory over all steps of sequences (src/linocut/ops/lstm.py).
// How: a part is 16 sequences, which go through their steps together: the product with the last outputs, then the gates
//      element by element. What a sequence carries from step to step is in its row of `work`.
#pragma once

#include "gates.hpp"

namespace linocut::LINOCUT_NS::lstm {

using gates::rows_at_once;

enum { AX, RECURRENT, PEEPHOLES, PROJECTION, LENGTHS, Y, GATES, CELLS, WORK };
enum { SIGMOID, BOUND, BACKWARDS };
enum { INPUT, CANDIDATE, FORGET, OUTPUT, gates_of_cell };

inline i64 units(const Call& call) { return divide_up(call.operands[AX].shape[0], rows_at_once); }

// 64 cells of the three peepholes; zeros where there are none.
struct Peepholes {
    float input[segment] = {}, forget[segment] = {}, output[segment] = {};

    Peepholes(const Operand& from, i64 first, i64 n) {
        if (!given(from)) return;
        load_floats(from, 0, first, n, input);
        load_floats(from, 1, first, n, forget);
        load_floats(from, 2, first, n, output);
    }
};

// 64, known to the compiler.
struct WholeSegment {
    constexpr operator i64() const { return segment; }
};

// What is known of a call, and the memory for its products.
template <int K>
struct Forward {
    const Operand &ax, &peepholes, &projection, &y, &gates_kept, &cells_kept, &work;
    const bool sigmoid;
    const float bound;
    const i64 cells, outputs;
    circulant::Spectra recurrent;
    circulant::Planes of_outputs, of_cells;
    float *line, *out, *a, *m;
    circulant::Tiles<K, rows_at_once>& sums;

    Forward(const Call& call, Workspace& space)
        : ax(call.operands[AX]),
          peepholes(call.operands[PEEPHOLES]),
          projection(call.operands[PROJECTION]),
          y(call.operands[Y]),
          gates_kept(call.operands[GATES]),
          cells_kept(call.operands[CELLS]),
          work(call.operands[WORK]),
          sigmoid(call.attributes[SIGMOID] != 0.0),
          bound(static_cast<float>(call.attributes[BOUND])),
          cells(ax.cols / gates_of_cell),
          outputs(y.cols),
          recurrent(call.operands[RECURRENT]),
          of_outputs(circulant::take_planes<K>(space, rows_at_once, recurrent.summed)),
          of_cells(circulant::take_planes<K>(space, rows_at_once, given(projection) ? projection.shape[2] : 0)),
          line(space.several<float>(most(of_outputs.blocks, of_cells.blocks) * K)),
          out(space.several<float>(circulant::tile * K)),
          a(space.several<float>(rows_at_once * ax.cols)),
          m(space.several<float>(rows_at_once * cells)),
          sums(space.take<circulant::Tiles<K, rows_at_once>>()) {}

    float* state(i64 sequence) const { return row<float>(work, sequence); }
    float* last(i64 sequence) const { return row<float>(work, sequence) + cells; }

    void run(const gates::Sequences& all) {
        for (i64 i = 0; i < all.count; ++i)
            std::memset(state(all.first + i), 0, static_cast<std::size_t>(cells + outputs) * sizeof(float));
        for (i64 number = 0; number < all.longest; ++number) {
            const gates::Step step(all, number);
            add_last(step, number > 0);
            for (i64 r = 0; r < step.count; ++r) move_cells(step, r);
            give(step);
        }
        all.each_end([&](i64 first, i64 count) {
            gates::clear_rows(y, first, count);
            gates::clear_rows(gates_kept, first, count);
            gates::clear_rows(cells_kept, first, count);
        });
    }

    // a = ax + R y'.
    void add_last(const gates::Step& step, bool any) {
        if (!any) {
            for (i64 r = 0; r < step.count; ++r)
                std::memcpy(a + r * ax.cols, row<float>(ax, step.rows[r]),
                            static_cast<std::size_t>(ax.cols) * sizeof *a);
            return;
        }
        gates::transform_rows<K>(step, work, cells, outputs, of_outputs, line);
        circulant::each_output<K, rows_at_once>(
            of_outputs, step.count, recurrent, ax.cols, sums, out, [&](i64 r, i64 first, i64 n, const float* numbers) {
                gates::add(a + r * ax.cols + first, row<float>(ax, step.rows[r]) + first, numbers, n);
            });
    }

    // Gates and cells of row r of the step.
    void move_cells(const gates::Step& step, i64 r) {
        float *c = state(step.sequences[r]), *made = a + r * ax.cols, *hidden = m + r * cells;
        for (i64 first = 0; first < cells; first += segment) {
            const i64 n = least(segment, cells - first);
            const Peepholes see(peepholes, first, n);
            if (sigmoid) {
                step_cells<true>(see, n, made + first, c + first, hidden + first);
            } else {
                step_cells<false>(see, n, made + first, c + first, hidden + first);
            }
            if (given(gates_kept)) {
                for (int gate = 0; gate < gates_of_cell; ++gate)
                    gates::store_scaled(gates_kept, step.rows[r], gate * cells + first, n, made + gate * cells + first);
            }
            if (given(cells_kept)) store_floats(cells_kept, step.rows[r], first, n, c + first);
        }
    }

    template <bool Sigmoid>
    void step_cells(const Peepholes& see, i64 n, float* made, float* cell, float* hidden) const {
        const float limit = bound > 0.0f ? bound : HUGE_VALF;
        move<Sigmoid>(see, n, limit, made + INPUT * cells, made + CANDIDATE * cells, made + FORGET * cells,
                      made + OUTPUT * cells, cell, hidden);
    }

    // Functions that do not wait for each other stand in one loop.
    template <bool Sigmoid>
    static void move(const Peepholes& see, i64 n, float limit, float* __restrict in, float* __restrict candidate,
                     float* __restrict forget, float* __restrict out, float* __restrict cell,
                     float* __restrict hidden) {
        for (i64 i = 0; i < n; ++i) {
            in[i] = gates::sigmoid_of(in[i] + see.input[i] * cell[i]);
            forget[i] = gates::sigmoid_of(forget[i] + 1.0f + see.forget[i] * cell[i]);
            candidate[i] = Sigmoid ? gates::sigmoid_of(candidate[i]) : gates::tanh_of(candidate[i]);
        }
        for (i64 i = 0; i < n; ++i) {
            const float whole = forget[i] * cell[i] + in[i] * candidate[i];
            const float below = whole > limit ? limit : whole, c = below < -limit ? -limit : below;
            out[i] = gates::sigmoid_of(out[i] + see.output[i] * c);
            cell[i] = c;
            hidden[i] = out[i] * gates::tanh_of(c);
        }
    }

    // y = P m, or m.
    void give(const gates::Step& step) {
        if (given(projection)) {
            for (i64 r = 0; r < step.count; ++r) circulant::transform_row<K>(m + r * cells, cells, of_cells, r, line);
            circulant::each_output<K, rows_at_once>(of_cells, step.count, circulant::Spectra(projection), outputs, sums,
                                                    out, [&](i64 r, i64 first, i64 n, const float* numbers) {
                                                        std::memcpy(last(step.sequences[r]) + first, numbers,
                                                                    static_cast<std::size_t>(n) * sizeof(float));
                                                    });
        }
        for (i64 r = 0; r < step.count; ++r) {
            float* to = last(step.sequences[r]);
            if (!given(projection)) std::memcpy(to, m + r * cells, static_cast<std::size_t>(cells) * sizeof *to);
            for (i64 c = 0; c < outputs; c += segment)
                store_floats(y, step.rows[r], c, least(segment, outputs - c), to + c);
        }
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[RECURRENT].shape[0], [&](auto size) {
        Workspace space(call);
        Forward<decltype(size)::value> forward(call, space);
        for (i64 unit = begin; unit < end; ++unit)
            forward.run({call.operands[LENGTHS], unit, call.operands[AX].shape[0], call.operands[AX].shape[1],
                         call.attributes[BACKWARDS] != 0.0});
    });
}

}  // namespace linocut::LINOCUT_NS::lstm

namespace linocut::LINOCUT_NS::lstm_gradient {

using gates::rows_at_once;
using lstm::CANDIDATE, lstm::FORGET, lstm::INPUT, lstm::OUTPUT, lstm::gates_of_cell;

enum { DY, GATES, CELLS, RECURRENT, PEEPHOLES, PROJECTION, LENGTHS, DA, TOTAL, SUMS, WORK };
enum { SIGMOID, BOUND, BACKWARDS };

inline i64 units(const Call& call) { return divide_up(call.operands[DA].shape[0], rows_at_once); }

template <int K>
struct Gradient {
    const Operand &dy, &kept, &cells_kept, &peepholes, &projection, &da, &whole, &sums_of_peepholes, &work;
    const bool sigmoid;
    const float bound;
    const i64 cells, outputs;
    circulant::Spectra recurrent;
    circulant::Planes of_gates, of_outputs;
    float *line, *out, *dm, *total;
    circulant::Tiles<K, rows_at_once>& sums;

    Gradient(const Call& call, Workspace& space)
        : dy(call.operands[DY]),
          kept(call.operands[GATES]),
          cells_kept(call.operands[CELLS]),
          peepholes(call.operands[PEEPHOLES]),
          projection(call.operands[PROJECTION]),
          da(call.operands[DA]),
          whole(call.operands[TOTAL]),
          sums_of_peepholes(call.operands[SUMS]),
          work(call.operands[WORK]),
          sigmoid(call.attributes[SIGMOID] != 0.0),
          bound(static_cast<float>(call.attributes[BOUND])),
          cells(da.cols / gates_of_cell),
          outputs(dy.cols),
          recurrent(call.operands[RECURRENT]),
          of_gates(circulant::take_planes<K>(space, rows_at_once, recurrent.summed)),
          of_outputs(circulant::take_planes<K>(space, rows_at_once, given(projection) ? projection.shape[2] : 0)),
          line(space.several<float>(most(of_gates.blocks, of_outputs.blocks) * K)),
          out(space.several<float>(circulant::tile * K)),
          dm(space.several<float>(rows_at_once * cells)),
          total(space.several<float>(rows_at_once * outputs)),
          sums(space.take<circulant::Tiles<K, rows_at_once>>()) {}

    float* dc(i64 sequence) const { return row<float>(work, sequence); }
    float* carried(i64 sequence) const { return row<float>(work, sequence) + cells; }

    void run(i64 unit, const gates::Sequences& all) {
        for (i64 i = 0; i < all.count; ++i)
            std::memset(dc(all.first + i), 0, static_cast<std::size_t>(cells + outputs) * sizeof(float));
        float* of_unit = given(sums_of_peepholes) ? row<float>(sums_of_peepholes, unit) : nullptr;
        if (of_unit) std::memset(of_unit, 0, static_cast<std::size_t>(sums_of_peepholes.cols) * sizeof(float));
        for (i64 number = all.longest - 1; number >= 0; --number) {
            const gates::Step step(all, number);
            add_given(step);
            for (i64 r = 0; r < step.count; ++r) move_back(step, r, of_unit);
            if (number > 0) carry(step);
        }
        all.each_end([&](i64 first, i64 count) {
            gates::clear_rows(whole, first, count);
            gates::clear_rows(da, first, count);
            gates::clear_rows(cells_kept, first, count);
        });
    }

    // dy of the loss and the next step; dm = P^T dy, or dy.
    void add_given(const gates::Step& step) {
        for (i64 r = 0; r < step.count; ++r) {
            float *sum = total + r * outputs, *more = carried(step.sequences[r]);
            for (i64 c = 0; c < outputs; c += segment) {
                const i64 n = least(segment, outputs - c);
                load_floats(dy, step.rows[r], c, n, sum + c);
                for (i64 i = 0; i < n; ++i) sum[c + i] += more[c + i];
                if (given(whole)) store_floats(whole, step.rows[r], c, n, sum + c);
            }
            if (!given(projection)) {
                std::memcpy(dm + r * cells, sum, static_cast<std::size_t>(cells) * sizeof *sum);
                continue;
            }
            circulant::transform_row<K>(sum, outputs, of_outputs, r, line);
        }
        if (!given(projection)) return;
        circulant::each_output<K, rows_at_once>(of_outputs, step.count, circulant::Spectra(projection), cells, sums,
                                                out, [&](i64 r, i64 first, i64 n, const float* numbers) {
                                                    std::memcpy(dm + r * cells + first, numbers,
                                                                static_cast<std::size_t>(n) * sizeof(float));
                                                });
    }

    // 64 cells of a step.
    struct Cells {
        float of[gates_of_cell][segment] = {}, cell[segment] = {}, before[segment] = {}, dm[segment] = {};
        float dc[segment] = {}, da[gates_of_cell][segment], hidden[segment];
    };

    void move_back(const gates::Step& step, i64 r, float* of_unit) {
        i64 first = 0;
        for (; first + segment <= cells; first += segment)
            move_back_some(step, r, first, lstm::WholeSegment(), of_unit);
        if (first < cells) move_back_some(step, r, first, cells - first, of_unit);
    }

    // `n` cells; of a whole segment the compiler knows how many, so that copies of them are no calls.
    template <class Count>
    [[gnu::always_inline]] void move_back_some(const gates::Step& step, i64 r, i64 first, Count n, float* of_unit) {
        const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(float);
        float* back = dc(step.sequences[r]) + first;
        const lstm::Peepholes see(peepholes, first, n);
        Cells at;
        for (int gate = 0; gate < gates_of_cell; ++gate)
            gates::load_scaled(kept, step.rows[r], gate * cells + first, n, at.of[gate]);
        load_floats(cells_kept, step.rows[r], first, n, at.cell);
        if (step.before[r] >= 0) load_floats(cells_kept, step.before[r], first, n, at.before);
        std::memcpy(at.dm, dm + r * cells + first, bytes);
        std::memcpy(at.dc, back, bytes);
        slopes(see, at);
        std::memcpy(back, at.dc, bytes);
        for (int gate = 0; gate < gates_of_cell; ++gate)
            std::memcpy(row<float>(da, step.rows[r]) + gate * cells + first, at.da[gate], bytes);
        store_floats(cells_kept, step.rows[r], first, n, at.hidden);
        if (!of_unit) return;
        for (i64 i = 0; i < n; ++i) of_unit[first + i] += at.da[INPUT][i] * at.before[i];
        for (i64 i = 0; i < n; ++i) of_unit[cells + first + i] += at.da[FORGET][i] * at.before[i];
        for (i64 i = 0; i < n; ++i) of_unit[2 * cells + first + i] += at.da[OUTPUT][i] * at.cell[i];
    }

    void slopes(const lstm::Peepholes& see, Cells& at) const {
        const float *in = at.of[INPUT], *g = at.of[CANDIDATE], *f = at.of[FORGET], *o = at.of[OUTPUT];
        for (i64 i = 0; i < segment; ++i) {
            const float squashed = gates::tanh_of(at.cell[i]);
            at.hidden[i] = o[i] * squashed;
            at.da[OUTPUT][i] = at.dm[i] * squashed * o[i] * (1.0f - o[i]);
            at.dc[i] += at.dm[i] * o[i] * (1.0f - squashed * squashed) + at.da[OUTPUT][i] * see.output[i];
        }
        if (bound > 0.0f) {
            for (i64 i = 0; i < segment; ++i) at.dc[i] = std::fabs(at.cell[i]) < bound ? at.dc[i] : 0.0f;
        }
        for (i64 i = 0; i < segment; ++i) {
            const float slope = sigmoid ? g[i] * (1.0f - g[i]) : 1.0f - g[i] * g[i];
            at.da[FORGET][i] = at.dc[i] * at.before[i] * f[i] * (1.0f - f[i]);
            at.da[INPUT][i] = at.dc[i] * g[i] * in[i] * (1.0f - in[i]);
            at.da[CANDIDATE][i] = at.dc[i] * in[i] * slope;
            at.dc[i] = at.dc[i] * f[i] + at.da[FORGET][i] * see.forget[i] + at.da[INPUT][i] * see.input[i];
        }
    }

    // R^T da, for the step before.
    void carry(const gates::Step& step) {
        for (i64 r = 0; r < step.count; ++r)
            circulant::transform_columns<K>(da, step.rows[r], 0, da.cols, of_gates, r, line);
        circulant::each_output<K, rows_at_once>(
            of_gates, step.count, recurrent, outputs, sums, out, [&](i64 r, i64 first, i64 n, const float* numbers) {
                std::memcpy(carried(step.sequences[r]) + first, numbers, static_cast<std::size_t>(n) * sizeof(float));
            });
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[RECURRENT].shape[0], [&](auto size) {
        Workspace space(call);
        Gradient<decltype(size)::value> gradient(call, space);
        for (i64 unit = begin; unit < end; ++unit)
            gradient.run(unit, {call.operands[LENGTHS], unit, call.operands[DA].shape[0], call.operands[DA].shape[1],
                                call.attributes[BACKWARDS] != 0.0});
    });
}

}  // namespace linocut::LINOCUT_NS::lstm_gradient
