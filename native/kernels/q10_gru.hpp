// q10_gru: all frames of GRU layers with block-circulant weights, in Q5.10 (src/linocut/ops/q10_gru.py). A part is a
// sequence of the batch.
#pragma once

#include "q10_product.hpp"

namespace linocut::LINOCUT_NS::q10_gru {

enum { X, LENGTHS, INPUTS, RECURRENT, CANDIDATE, BIAS, STATES, Y, HEARD_X, HEARD_Y, GATES };
enum { POINT, CANDIDATE_POINT, INVERSE, PAPER, FRESH };

inline i64 units(const Call& call) { return call.operands[X].shape[0]; }

// One sequence, frame by frame. In the places of the update gate and the candidate stand their products first, in that
// of the reset gate r h'.
struct Sequence {
    const Operand &x, &inputs, &y;
    const i64 b, batch, frames, n, blocks;
    const int k;
    const q10::Functions functions;
    const q10::Halvings halvings;
    const i16* bias;
    i16 *h, *heard_x, *heard_h, *r, *u, *d;

    Sequence(const Call& call, i64 number)
        : x(call.operands[X]),
          inputs(call.operands[INPUTS]),
          y(call.operands[Y]),
          b(number),
          batch(x.shape[0]),
          frames(x.shape[1]),
          n(y.cols),
          blocks(inputs.shape[1]),
          k(static_cast<int>(inputs.cols)),
          functions{call.attributes[PAPER] != 0},
          halvings{call.attributes[INVERSE] != 0},
          bias(row<i16>(call.operands[BIAS], 0)),
          h(row<i16>(call.operands[STATES], b)),
          heard_x(row<i16>(call.operands[HEARD_X], 0) + b * of_x()),
          heard_h(row<i16>(call.operands[HEARD_Y], 0) + b * n),
          r(row<i16>(call.operands[GATES], b)),
          u(row<i16>(call.operands[GATES], batch + b)),
          d(row<i16>(call.operands[GATES], 2 * batch + b)) {}

    i64 of_x() const { return inputs.shape[2] * k; }

    void run(const Call& call, Workspace workspace) const {
        const Operand& lengths = call.operands[LENGTHS];
        const i64 ends = given(lengths) ? clamp<i64>(row<i32>(lengths, 0)[b], 0, frames) : frames;
        auto& tile = workspace.take<q10::Tile>();
        i16* const kept[] = {heard_h, r, u, d};
        for (i16* one : kept) zero(one, n);
        zero(heard_x, of_x());
        if (call.attributes[FRESH] != 0) zero(h, n);
        const i16* of_inputs = row<i16>(inputs, 0);
        q10::Part parts[2] = {{of_inputs, heard_x, q10::room_for(workspace, of_x())},
                              {row<i16>(call.operands[RECURRENT], 0), heard_h, q10::room_for(workspace, n)}};
        q10::Part own[2] = {parts[0], parts[1]};
        own[0].weights += 2 * blocks * of_x();
        own[1].weights = row<i16>(call.operands[CANDIDATE], 0);
        const int bits = static_cast<int>(call.attributes[POINT]);
        const int own_bits = static_cast<int>(call.attributes[CANDIDATE_POINT]);
        for (i64 at = 0; at < ends; ++at) {
            q10::hear(row<i16>(x, b * frames + at), x.cols, k, halvings, heard_x, tile);
            q10::arrange(heard_x, k, parts[0].x);
            own[0].x = parts[0].x;
            hear(h, parts[1], tile);
            q10::multiply<2>(parts, 2 * blocks, k, bits, halvings, tile, [&](i64 block, int i, i32 value) {
                i16* gate = block < blocks ? r : u;
                gate[(block < blocks ? block : block - blocks) * k + i] = static_cast<i16>(value);
            });
            find_gates();
            hear(d, own[1], tile);
            q10::multiply<2>(own, blocks, k, own_bits, halvings, tile,
                             [&](i64 block, int i, i32 value) { d[block * k + i] = static_cast<i16>(value); });
            move();
            std::memcpy(row<i16>(y, b * frames + at), h, static_cast<std::size_t>(n) * sizeof(i16));
        }
        for (i64 at = ends; at < frames; ++at) zero(row<i16>(y, b * frames + at), n);
    }

  private:
    static void zero(i16* numbers, i64 count) {
        std::memset(numbers, 0, static_cast<std::size_t>(count) * sizeof(i16));
    }

    void hear(const i16* numbers, q10::Part& part, q10::Tile& tile) const {
        q10::hear(numbers, n, k, halvings, heard_h, tile);
        q10::arrange(heard_h, k, part.x);
    }

    // 64 sums of products and bias.
    void sum(const i16* products, i64 gate, i64 first, i64 count, i32* out) const {
        const i16* added = bias + gate * n + first;
        for (i64 i = 0; i < count; ++i) out[i] = q10::saturated(products[first + i] + added[i]);
    }

    // r and u of their products, and r h' in the place of the candidate.
    void find_gates() const {
        i32 reset[segment] = {}, update[segment] = {};
        for (i64 first = 0; first < n; first += segment) {
            const i64 count = least(segment, n - first);
            sum(r, 0, first, count, reset);
            sum(u, 1, first, count, update);
            functions.sigmoid(reset);
            functions.sigmoid(update);
            for (i64 i = 0; i < count; ++i) {
                r[first + i] = static_cast<i16>(reset[i]);
                u[first + i] = static_cast<i16>(update[i]);
                d[first + i] = static_cast<i16>(q10::shifted(reset[i] * h[first + i], q10::point));
            }
        }
    }

    void move() const {
        i32 made[segment] = {};
        for (i64 first = 0; first < n; first += segment) {
            const i64 count = least(segment, n - first);
            sum(d, 2, first, count, made);
            functions.tanh(made);
            for (i64 i = 0; i < count; ++i) {
                const i32 share = u[first + i], both = share * h[first + i] + (q10::one - share) * made[i];
                d[first + i] = static_cast<i16>(made[i]);
                h[first + i] = static_cast<i16>(q10::saturated(q10::shifted(both, q10::point)));
            }
        }
    }
};

inline void run(const Call& call, i64 begin, i64 end) {
    for (i64 b = begin; b < end; ++b) Sequence(call, b).run(call, Workspace(call));
}

}  // namespace linocut::LINOCUT_NS::q10_gru
