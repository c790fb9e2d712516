// gru and its gradient: gated recurrent units over all steps of sequences (src/linocut/ops/gru.py).
// How: as the LSTM (lstm.hpp).
#pragma once

#include "gates.hpp"

namespace linocut::LINOCUT_NS::gru {

using gates::rows_at_once;

enum { AX, RECURRENT, CANDIDATES, LENGTHS, Y, GATES, WORK };
enum { RESET, UPDATE, CANDIDATE, gates_of_cell };

inline i64 units(const Call& call) { return divide_up(call.operands[AX].shape[0], rows_at_once); }

template <int K>
struct Forward {
    const Operand &ax, &y, &gates_kept, &work;
    const i64 cells;
    circulant::Spectra recurrent, candidates;
    circulant::Planes planes;
    float *line, *out, *a;
    circulant::Tiles<K, rows_at_once>& sums;

    Forward(const Call& call, Workspace& space)
        : ax(call.operands[AX]),
          y(call.operands[Y]),
          gates_kept(call.operands[GATES]),
          work(call.operands[WORK]),
          cells(y.cols),
          recurrent(call.operands[RECURRENT]),
          candidates(call.operands[CANDIDATES]),
          planes(circulant::take_planes<K>(space, rows_at_once, recurrent.summed)),
          line(space.several<float>(planes.blocks * K)),
          out(space.several<float>(circulant::tile * K)),
          a(space.several<float>(rows_at_once * ax.cols)),
          sums(space.take<circulant::Tiles<K, rows_at_once>>()) {}

    float* state(i64 sequence) const { return row<float>(work, sequence); }
    float* reset(i64 sequence) const { return row<float>(work, sequence) + cells; }

    void run(const gates::Sequences& all) {
        for (i64 i = 0; i < all.count; ++i)
            std::memset(state(all.first + i), 0, static_cast<std::size_t>(2 * cells) * sizeof(float));
        for (i64 number = 0; number < all.longest; ++number) {
            const gates::Step step(all, number);
            for (i64 r = 0; r < step.count; ++r)
                std::memcpy(a + r * ax.cols, row<float>(ax, step.rows[r]),
                            static_cast<std::size_t>(ax.cols) * sizeof *a);
            if (number > 0) add(step, recurrent, 0, 2 * cells, 0);
            for (i64 r = 0; r < step.count; ++r) find_gates(step, r);
            if (number > 0) add(step, candidates, cells, cells, 2 * cells);
            for (i64 r = 0; r < step.count; ++r) move(step, r);
        }
        all.each_end([&](i64 first, i64 count) {
            gates::clear_rows(y, first, count);
            gates::clear_rows(gates_kept, first, count);
        });
    }

    // The product of columns of `work` with a matrix, added to `count` of the gates from `to` on.
    void add(const gates::Step& step, const circulant::Spectra& matrix, i64 from, i64 count, i64 to) {
        gates::transform_rows<K>(step, work, from, cells, planes, line);
        circulant::each_output<K, rows_at_once>(planes, step.count, matrix, count, sums, out,
                                                [&](i64 r, i64 first, i64 n, const float* numbers) {
                                                    float* sum = a + r * ax.cols + to + first;
                                                    gates::add(sum, sum, numbers, n);
                                                });
    }

    void find_gates(const gates::Step& step, i64 r) {
        float *both = a + r * ax.cols, *h = state(step.sequences[r]), *gated = reset(step.sequences[r]);
        for (i64 c = 0; c < 2 * cells; ++c) both[c] = gates::sigmoid_of(both[c]);
        for (i64 c = 0; c < cells; ++c) gated[c] = both[c] * h[c];
    }

    void move(const gates::Step& step, i64 r) {
        float *made = a + r * ax.cols, *u = made + cells, *d = u + cells, *h = state(step.sequences[r]);
        for (i64 c = 0; c < cells; ++c) d[c] = gates::tanh_of(d[c]);
        for (i64 c = 0; c < cells; ++c) h[c] = u[c] * h[c] + (1.0f - u[c]) * d[c];
        for (i64 c = 0; c < cells; c += segment) store_floats(y, step.rows[r], c, least(segment, cells - c), h + c);
        for (i64 c = 0; given(gates_kept) && c < ax.cols; c += segment)
            gates::store_scaled(gates_kept, step.rows[r], c, least(segment, ax.cols - c), made + c);
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[RECURRENT].shape[0], [&](auto size) {
        Workspace space(call);
        Forward<decltype(size)::value> forward(call, space);
        for (i64 unit = begin; unit < end; ++unit)
            forward.run({call.operands[LENGTHS], unit, call.operands[AX].shape[0], call.operands[AX].shape[1], false});
    });
}

}  // namespace linocut::LINOCUT_NS::gru

namespace linocut::LINOCUT_NS::gru_gradient {

using gates::rows_at_once;

enum { DY, Y, GATES, RECURRENT, CANDIDATES, LENGTHS, DA, RESET, WORK };

inline i64 units(const Call& call) { return divide_up(call.operands[DA].shape[0], rows_at_once); }

template <int K>
struct Gradient {
    const Operand &dy, &y, &kept, &da, &reset, &work;
    const i64 cells;
    circulant::Spectra recurrent, candidates;
    circulant::Planes planes;
    float *line, *out, *dh, *before;
    circulant::Tiles<K, rows_at_once>& sums;

    Gradient(const Call& call, Workspace& space)
        : dy(call.operands[DY]),
          y(call.operands[Y]),
          kept(call.operands[GATES]),
          da(call.operands[DA]),
          reset(call.operands[RESET]),
          work(call.operands[WORK]),
          cells(y.cols),
          recurrent(call.operands[RECURRENT]),
          candidates(call.operands[CANDIDATES]),
          planes(circulant::take_planes<K>(space, rows_at_once, recurrent.summed)),
          line(space.several<float>(planes.blocks * K)),
          out(space.several<float>(circulant::tile * K)),
          dh(space.several<float>(rows_at_once * cells)),
          before(space.several<float>(rows_at_once * cells)),
          sums(space.take<circulant::Tiles<K, rows_at_once>>()) {}

    float* carried(i64 sequence) const { return row<float>(work, sequence); }
    float* slopes(i64 sequence) const { return row<float>(work, sequence) + cells; }        // ds, of r h'
    float* gates_of(i64 sequence) const { return row<float>(work, sequence) + 2 * cells; }  // r and u

    void run(const gates::Sequences& all) {
        for (i64 i = 0; i < all.count; ++i)
            std::memset(carried(all.first + i), 0, static_cast<std::size_t>(work.cols) * sizeof(float));
        for (i64 number = all.longest - 1; number >= 0; --number) {
            const gates::Step step(all, number);
            for (i64 r = 0; r < step.count; ++r) begin(step, r);
            multiply(step, 2 * cells, cells, candidates, [&](i64 sequence, i64 first, i64 n, const float* numbers) {
                std::memcpy(slopes(sequence) + first, numbers, static_cast<std::size_t>(n) * sizeof(float));
            });
            for (i64 r = 0; r < step.count; ++r) finish(step, r);
            multiply(step, 0, 2 * cells, recurrent, [&](i64 sequence, i64 first, i64 n, const float* numbers) {
                gates::add(carried(sequence) + first, carried(sequence) + first, numbers, n);
            });
        }
        all.each_end([&](i64 first, i64 count) {
            gates::clear_rows(da, first, count);
            gates::clear_rows(reset, first, count);
        });
    }

    // The product of columns of da with a matrix.
    template <class Use>
    void multiply(const gates::Step& step, i64 from, i64 count, const circulant::Spectra& matrix, const Use& use) {
        for (i64 r = 0; r < step.count; ++r)
            circulant::transform_columns<K>(da, step.rows[r], from, count, planes, r, line);
        circulant::each_output<K, rows_at_once>(
            planes, step.count, matrix, cells, sums, out,
            [&](i64 r, i64 first, i64 n, const float* numbers) { use(step.sequences[r], first, n, numbers); });
    }

    // dh, and the gradients of the update gate and of the candidate.
    void begin(const gates::Step& step, i64 r) {
        const i64 at = step.rows[r];
        float *of_h = dh + r * cells, *h = before + r * cells, *both = gates_of(step.sequences[r]);
        float *more = carried(step.sequences[r]), *out_u = row<float>(da, at) + cells, *out_d = out_u + cells;
        for (i64 c = 0; c < cells; c += segment) {
            const i64 n = least(segment, cells - c);
            float d[segment] = {};
            load_floats(dy, at, c, n, of_h + c);
            gates::load_scaled(kept, at, c, n, both + c);
            gates::load_scaled(kept, at, cells + c, n, both + cells + c);
            gates::load_scaled(kept, at, 2 * cells + c, n, d);
            if (step.before[r] >= 0)
                load_floats(y, step.before[r], c, n, h + c);
            else
                std::memset(h + c, 0, static_cast<std::size_t>(n) * sizeof *h);
            // da may be the bytes of the gates: of a segment all are read before one is written.
            for (i64 i = 0; i < n; ++i) {
                const float u = both[cells + c + i];
                of_h[c + i] += more[c + i];
                out_u[c + i] = of_h[c + i] * (h[c + i] - d[i]) * u * (1.0f - u);
                out_d[c + i] = of_h[c + i] * (1.0f - u) * (1.0f - d[i] * d[i]);
            }
        }
    }

    // The gradient of the reset gate, and what goes to the step before without a product.
    void finish(const gates::Step& step, i64 r) {
        const i64 at = step.rows[r];
        const float *of_h = dh + r * cells, *h = before + r * cells, *ds = slopes(step.sequences[r]);
        float *both = gates_of(step.sequences[r]), *more = carried(step.sequences[r]), *out_r = row<float>(da, at);
        for (i64 c = 0; c < cells; ++c) {
            const float gate = both[c];
            out_r[c] = ds[c] * h[c] * gate * (1.0f - gate);
            more[c] = of_h[c] * both[cells + c] + ds[c] * gate;
            both[c] = gate * h[c];
        }
        for (i64 c = 0; c < cells; c += segment) store_floats(reset, at, c, least(segment, cells - c), both + c);
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[RECURRENT].shape[0], [&](auto size) {
        Workspace space(call);
        Gradient<decltype(size)::value> gradient(call, space);
        for (i64 unit = begin; unit < end; ++unit)
            gradient.run({call.operands[LENGTHS], unit, call.operands[DA].shape[0], call.operands[DA].shape[1], false});
    });
}

}  // namespace linocut::LINOCUT_NS::gru_gradient
