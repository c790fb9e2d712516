// q10_circulant: block-circulant products in Q5.10, with a bias. A part is a row.
#pragma once

#include "q10_product.hpp"

namespace linocut::LINOCUT_NS::q10_circulant {

enum { X, WEIGHTS, BIAS, SPECTRA, Y };
enum { POINT, INVERSE };

inline i64 units(const Call& call) { return call.operands[X].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &bias = call.operands[BIAS];
    const Operand &spectra = call.operands[SPECTRA], &y = call.operands[Y];
    const int k = static_cast<int>(weights.cols);
    const i64 blocks = weights.shape[0], numbers = weights.shape[1] * weights.cols;
    const q10::Halvings halvings{call.attributes[INVERSE] != 0};
    Workspace workspace(call);
    auto& tile = workspace.take<q10::Tile>();
    q10::Part part{row<i16>(weights, 0), nullptr, q10::room_for(workspace, numbers)};
    const i16* added = given(bias) ? row<i16>(bias, 0) : nullptr;
    for (i64 r = begin; r < end; ++r) {
        i16* spectrum = row<i16>(spectra, 0) + r * numbers;
        q10::hear(row<i16>(x, r), x.cols, k, halvings, spectrum, tile);
        q10::arrange(spectrum, k, part.x);
        part.spectra = spectrum;
        i16* out = row<i16>(y, r);
        const int bits = static_cast<int>(call.attributes[POINT]);
        q10::multiply<1>(&part, blocks, k, bits, halvings, tile, [&](i64 block, int i, i32 value) {
            const i64 at = block * k + i;
            if (at >= y.cols) return;
            out[at] = static_cast<i16>(q10::saturated(value + (added == nullptr ? 0 : added[at])));
        });
    }
}

}  // namespace linocut::LINOCUT_NS::q10_circulant
