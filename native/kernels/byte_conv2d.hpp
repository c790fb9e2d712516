// byte_conv2d: the convolution of bytes of conv2d.hpp, for prediction; sums, or their signs by thresholds at once.
#pragma once

#include "conv2d.hpp"
#include "outcome.hpp"
#include "row_blocks.hpp"

namespace linocut::LINOCUT_NS::byte_conv2d {

enum { X, WEIGHTS };

static_assert(unit_columns == 2 * segment);

inline RowBlocks blocks_of(const Call& call) { return {Outcome::output(call).rows}; }

inline i64 units(const Call& call) {
    return divide_up(Outcome::output(call).cols, unit_columns) * blocks_of(call).count();
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &to = Outcome::output(call);
    const Grid grid = forward_grid(x, conv_window(weights, call.attributes), to);
    Workspace space(call);
    auto& places = space.take<Place[unit_pixels]>();
    blocks_of(call).each(begin, end, [&](i64 group, Span pixels) {
        const i64 first = group * unit_columns, word = first / segment;
        const Outcome outcomes[] = {{call, word}, {call, least(word + 1, words(to.cols) - 1)}};
        const auto store = [&](i64 pixel, i64 from, i64, const i32* sums) {
            outcomes[(from - first) / segment].store(pixel, sums);
        };
        conv2d::run_bytes(x, weights, grid, places, pixels, first, least(unit_columns, to.cols - first), space, store);
    });
}

}  // namespace linocut::LINOCUT_NS::byte_conv2d
