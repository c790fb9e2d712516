// spectral_pool: y = L x R^T of images of complex numbers; spectral_pool_gradient: the same with both matrices'
// adjoints (src/linocut/ops/spectral_pool.py). A part is a row of an image that is written. What the rows of the other
// image sum to, for 64 channels of all its columns, is kept in the workspace.
#pragma once

#include "segments.hpp"
#include "window.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::spectral {

// A matrix (2, rows, columns), its real parts first, or its adjoint.
struct Matrix {
    const float *real, *imaginary;
    i64 step, next;  // from row to row, from column to column
    float sign;      // of the imaginary part

    Matrix(const Operand& given, bool adjoint) {
        const i64 rows = given.shape[1], columns = given.shape[2];
        real = static_cast<const float*>(given.data);
        imaginary = real + rows * columns;
        step = adjoint ? 1 : columns;
        next = adjoint ? columns : 1;
        sign = adjoint ? -1.0f : 1.0f;
    }

    i64 at(i64 row, i64 column) const { return row * step + column * next; }
};

struct Sums {
    float re[segment], im[segment];
};

// sums += (a + i b) x, of 64 channels.
inline void add(float a, float b, const Sums& x, Sums& sums) {
    for (i64 c = 0; c < segment; ++c) sums.re[c] += a * x.re[c] - b * x.im[c];
    for (i64 c = 0; c < segment; ++c) sums.im[c] += a * x.im[c] + b * x.re[c];
}

inline i64 units(const Operand& y) { return static_cast<i64>(y.shape[0]) * y.shape[1]; }

inline void multiply(const Call& call, const Operand& x, const Operand& y, bool adjoint, i64 begin, i64 end) {
    const Matrix left(call.operands[1], adjoint), right(call.operands[2], adjoint);
    const Image from(x), to(y);
    const i64 half = x.cols / 2;
    Sums* along = Workspace(call).several<Sums>(from.width);
    Sums values = {};
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 example = unit / to.height, i = unit % to.height;
        for (i64 first = 0; first < half; first += segment) {
            const i64 n = least(segment, half - first);
            std::memset(along, 0, static_cast<std::size_t>(from.width) * sizeof *along);
            for (i64 h = 0; h < from.height; ++h) {
                const float a = left.real[left.at(i, h)], b = left.sign * left.imaginary[left.at(i, h)];
                for (i64 w = 0; w < from.width; ++w) {
                    const i64 pixel = from.pixel(example, h, w);
                    load_floats(x, pixel, first, n, values.re);
                    load_floats(x, pixel, half + first, n, values.im);
                    add(a, b, values, along[w]);
                }
            }
            for (i64 j = 0; j < to.width; ++j) {
                Sums sums = {};
                for (i64 w = 0; w < from.width; ++w) {
                    add(right.real[right.at(j, w)], right.sign * right.imaginary[right.at(j, w)], along[w], sums);
                }
                store_floats(y, to.pixel(example, i, j), first, n, sums.re);
                store_floats(y, to.pixel(example, i, j), half + first, n, sums.im);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::spectral

namespace linocut::LINOCUT_NS::spectral_pool {

inline i64 units(const Call& call) { return spectral::units(call.operands[3]); }

inline void run(const Call& call, i64 begin, i64 end) {
    spectral::multiply(call, call.operands[0], call.operands[3], false, begin, end);
}

}  // namespace linocut::LINOCUT_NS::spectral_pool

namespace linocut::LINOCUT_NS::spectral_pool_gradient {

inline i64 units(const Call& call) { return spectral::units(call.operands[3]); }

inline void run(const Call& call, i64 begin, i64 end) {
    spectral::multiply(call, call.operands[0], call.operands[3], true, begin, end);
}

}  // namespace linocut::LINOCUT_NS::spectral_pool_gradient
