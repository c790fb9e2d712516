// The gradients of weights whose inputs are bytes, of which many may be 0, as the pixels around a digit are:
//
//   sums[i][o] = sum over examples e of u(e, i) dy(e, o)
//
// Examples go in groups. A lane is the 32 bits that one input, or one output, has in a group. Of each input is
// noted in which groups it is not 0; its sums, with a vector of outputs in each register, take those alone.
#pragma once

#include "dot8_panels.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS {

// `Lanes` are the instruction set's (simd/byte_lanes/).
template <class Lanes>
struct SparseBytes {
    using Vector = typename Lanes::Vector;

    static constexpr i64 block_examples = 128;
    static constexpr i64 block_groups = block_examples / Lanes::examples;
    static constexpr i64 outputs_at_once = Lanes::outputs_at_once;
    static constexpr i64 lanes_of_vector = sizeof(Vector) / sizeof(u32);
    static constexpr int vectors = outputs_at_once / lanes_of_vector;

    // What a block of examples has for one part. Bit g of in_use[i]: whether input i has anything but 0 in group g.
    struct Block {
        alignas(64) u32 dy[tile_rows / outputs_at_once][block_groups][outputs_at_once];
        alignas(64) u32 x[block_groups][tile_columns];
        u64 in_use[tile_columns];
    };

    // A line of the cache more than outputs, so that columns do not fall into the same few sets of it.
    using Sums = i32[tile_columns][tile_rows + 16];

    // The lanes of dY; `sums` gain those of each output.
    static void pack_gradients(const Operand& dy, i64 example, i64 count, i64 output, i64 outputs, Block& block,
                               i32* sums) {
        const i64 groups = divide_up(count, Lanes::examples);
        for (i64 g = 0; g < groups; ++g) {
            for (i64 c = 0; c < outputs; c += segment) {
                const i64 first = Lanes::examples * g;
                const auto of =
                    examples_of(dy, example + first, count - first, output + c, least(segment, outputs - c));
                Lanes::template pack<true>(of.rows, block.dy[c / outputs_at_once][g] + c % outputs_at_once);
            }
        }
        for (i64 c = 0; c < divide_up(outputs, segment) * segment; c += lanes_of_vector) {
            Vector sum = Lanes::load(sums + c);
            for (i64 g = 0; g < groups; ++g) {
                const u32* dys = block.dy[c / outputs_at_once][g] + c % outputs_at_once;
                Lanes::add_products(sum, Lanes::load(dys), Lanes::ones());
            }
            Lanes::store(sums + c, sum);
        }
    }

    static void pack_inputs(const Operand& x, i64 example, i64 count, i64 first, i64 n, Block& block) {
        alignas(32) u8 octets[block_groups / 8][tile_columns] = {};
        for (i64 g = 0; Lanes::examples * g < count; ++g) {
            const auto of = examples_of(x, example + Lanes::examples * g, count - Lanes::examples * g, first, n);
            Lanes::template pack<false>(of.rows, block.x[g]);
            Lanes::mark_used(of.rows, static_cast<int>(g % 8), octets[g / 8]);
        }
        for (i64 i = 0; i < tile_columns; ++i) {
            block.in_use[i] = 0;
            for (i64 octet = 0; octet < block_groups / 8; ++octet)
                block.in_use[i] |= u64{octets[octet][i]} << (8 * octet);
        }
    }

    static void multiply(const Block& block, i64 outputs, bool fresh, Sums& sums) {
        for (i64 o = 0; o < outputs; o += outputs_at_once) {
            for (i64 i = 0; i < tile_columns; ++i) {
                multiply_input(block.in_use[i], block.x[0] + i, block.dy[o / outputs_at_once][0], fresh, sums[i] + o);
            }
        }
    }

  private:
    // Columns [column, column + n), n <= 64, of the examples of a group.
    static WholeRows<Lanes::examples> examples_of(const Operand& from, i64 first, i64 count, i64 column, i64 n) {
        return {GroupRows<Lanes::examples>(from, first, count, column, n).rows, n, from.format != Format::i4};
    }

    // The sums of an input with some outputs.
    static void multiply_input(u64 in_use, const u32* x, const u32* dy, bool fresh, i32* to) {
        Vector sums[vectors];
        unrolled<vectors>([&](auto v) { sums[v] = fresh ? Vector{} : Lanes::load(to + v * lanes_of_vector); });
        for (; in_use != 0; in_use &= in_use - 1) {
            const i64 g = __builtin_ctzll(in_use);
            const Vector input = Lanes::copied(x[g * tile_columns]);
            unrolled<vectors>([&](auto v) {
                Lanes::add_products(sums[v], Lanes::load(dy + g * outputs_at_once + v * lanes_of_vector), input);
            });
        }
        unrolled<vectors>([&](auto v) { Lanes::store(to + v * lanes_of_vector, sums[v]); });
    }
};

}  // namespace linocut::LINOCUT_NS
