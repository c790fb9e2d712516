// What whitens complex channels, in f64 (src/linocut/ops/whitening.py): `covariance`, mean and covariance of the parts
// of each; `whitening`, the inverse root of the covariance; `whitening_gradient`, what dY is made of. Of
// the first and the last one phase sums, a part of the rows at 64 channels, and one adds the parts up.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::whitened {

inline constexpr double epsilon = 1e-4;

// Of one complex channel: [[rr, ri], [ir, ii]].
struct Matrix {
    double rr, ri, ir, ii;

    Matrix operator*(const Matrix& b) const {
        return {rr * b.rr + ri * b.ir, rr * b.ri + ri * b.ii, ir * b.rr + ii * b.ir, ir * b.ri + ii * b.ii};
    }
};

// Of variances and covariance, whose determinant rounding may make smaller than it can be.
inline Matrix inverse_root(double var_re, double var_im, double both) {
    const double a = var_re + epsilon, c = var_im + epsilon, trace = a + c, found = a * c - both * both;
    const double smallest = epsilon * trace - epsilon * epsilon;
    const double s = std::sqrt(found < smallest ? smallest : found);
    const double by = 1.0 / (s * std::sqrt(trace + 2.0 * s));
    const double across = -both * by;
    return {(c + s) * by, across, across, (a + s) * by};
}

inline Matrix symmetric(const Operand& matrix, i64 channel) {
    const auto at = [&](i64 r) { return static_cast<double>(row<float>(matrix, r)[channel]); };
    return {at(0), at(1), at(1), at(2)};
}

inline void store_mean(const Operand& mean, i64 channel, double re, double im) {
    float* to = row<float>(mean, 0);
    to[channel] = static_cast<float>(re);
    to[mean.cols / 2 + channel] = static_cast<float>(im);
}

// Both parts of 64 channels of a row.
struct Parts {
    double re[segment] = {}, im[segment] = {};

    void load(const Operand& from, i64 r, const norm::Unit& unit) {
        load_doubles(from, r, unit.first, unit.n, re);
        load_doubles(from, r, from.cols / 2 + unit.first, unit.n, im);
    }
};

}  // namespace linocut::LINOCUT_NS::whitened

namespace linocut::LINOCUT_NS::covariance {

enum { Y, STATS, RUNNING, WORK };
enum { re, im, rr, ii, ri, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }
inline i64 part_units(const Call& call) { return norm::units(norm::half_of(call.operands[Y]), work_of(call).parts); }
inline i64 channel_units(const Call& call) { return call.operands[STATS].cols; }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    const Operand &y = call.operands[Y], half = norm::half_of(y);
    whitened::Parts base, values;
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(half, work_of(call).parts, number);
        double sums[quantities][segment] = {};
        base.load(y, 0, unit);
        for (i64 r = unit.begin; r < unit.end; ++r) {
            values.load(y, r, unit);
            for (i64 c = 0; c < unit.used(); ++c) {
                const double a = values.re[c] - base.re[c], b = values.im[c] - base.im[c];
                sums[re][c] += a;
                sums[im][c] += b;
                sums[rr][c] += a * a;
                sums[ii][c] += b * b;
                sums[ri][c] += a * b;
            }
        }
        for (i64 q = 0; q < quantities; ++q) work_of(call).put(q, unit, sums[q]);
    }
}

inline void keep(const Call& call, i64 r, i64 channel, double value) {
    float* stats = row<float>(call.operands[STATS], r);
    stats[channel] = static_cast<float>(value);
    const Operand& running = call.operands[RUNNING];
    if (!given(running)) return;
    const double momentum = call.attributes[0];
    float& kept = row<float>(running, r)[channel];
    kept = static_cast<float>(static_cast<double>(kept) * momentum +
                              static_cast<double>(stats[channel]) * (1.0 - momentum));
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    const Operand& y = call.operands[Y];
    const double rows = static_cast<double>(y.rows);
    const i64 half = y.cols / 2;
    for (i64 c = begin; c < end; ++c) {
        double base[2], mean[quantities];
        load_doubles(y, 0, c, 1, base);
        load_doubles(y, 0, half + c, 1, base + 1);
        for (i64 q = 0; q < quantities; ++q) {
            double sum[segment];
            work_of(call).total(q, c, 1, sum);
            mean[q] = sum[0] / rows;
        }
        const auto variance = [&](i64 square, i64 part) {
            const double found = mean[square] - mean[part] * mean[part];
            return found < 0.0 ? 0.0 : found;
        };
        keep(call, 0, c, base[0] + mean[re]);
        keep(call, 1, c, base[1] + mean[im]);
        keep(call, 2, c, variance(rr, re));
        keep(call, 3, c, variance(ii, im));
        keep(call, 4, c, mean[ri] - mean[re] * mean[im]);
    }
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::covariance

namespace linocut::LINOCUT_NS::whitening {

enum { STATS, MATRIX, MEAN };

inline i64 units(const Call& call) { return call.operands[STATS].cols; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &stats = call.operands[STATS], &matrix = call.operands[MATRIX];
    for (i64 c = begin; c < end; ++c) {
        const auto at = [&](i64 r) { return static_cast<double>(row<float>(stats, r)[c]); };
        const whitened::Matrix root = whitened::inverse_root(at(2), at(3), at(4));
        row<float>(matrix, 0)[c] = static_cast<float>(root.rr);
        row<float>(matrix, 1)[c] = static_cast<float>(root.ri);
        row<float>(matrix, 2)[c] = static_cast<float>(root.ii);
        whitened::store_mean(call.operands[MEAN], c, at(0), at(1));
    }
}

}  // namespace linocut::LINOCUT_NS::whitening

namespace linocut::LINOCUT_NS::whitening_gradient {

enum { DZ, Z, MATRIX, GAINS, MEAN, WORK };
enum { re, im, rr, ri, ir, ii, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }
inline i64 part_units(const Call& call) { return norm::units(norm::half_of(call.operands[DZ]), work_of(call).parts); }
inline i64 channel_units(const Call& call) { return call.operands[MATRIX].cols; }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    const Operand &dz = call.operands[DZ], &z = call.operands[Z], half = norm::half_of(dz);
    whitened::Parts g, x;
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(half, work_of(call).parts, number);
        double sums[quantities][segment] = {};
        for (i64 r = unit.begin; r < unit.end; ++r) {
            g.load(dz, r, unit);
            x.load(z, r, unit);
            for (i64 c = 0; c < unit.used(); ++c) {
                sums[re][c] += g.re[c];
                sums[im][c] += g.im[c];
                sums[rr][c] += g.re[c] * x.re[c];
                sums[ri][c] += g.re[c] * x.im[c];
                sums[ir][c] += g.im[c] * x.re[c];
                sums[ii][c] += g.im[c] * x.im[c];
            }
        }
        for (i64 q = 0; q < quantities; ++q) work_of(call).put(q, unit, sums[q]);
    }
}

// Q without its factor, of the sums of products of dZ and z (src/linocut/ops/whitening.py).
inline whitened::Matrix of_sums(const whitened::Matrix& m, const whitened::Matrix& sums) {
    const double determinant = m.rr * m.ii - m.ri * m.ri, trace = m.rr + m.ii, across = -m.ri / determinant;
    const whitened::Matrix inverse{m.ii / determinant, across, across, m.rr / determinant};
    whitened::Matrix b = sums * inverse;
    b.ri = b.ir = 0.5 * (b.ri + b.ir);
    const whitened::Matrix turned = inverse * b * inverse;
    const auto solved = [&](double one, double other) { return (one + determinant * other) / (2.0 * trace); };
    const whitened::Matrix k{solved(b.rr, turned.rr), solved(b.ri, turned.ri), solved(b.ir, turned.ir),
                             solved(b.ii, turned.ii)};
    return m * m * k * m;
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    const double rows = static_cast<double>(call.operands[DZ].rows), factor = -2.0 / rows;
    for (i64 c = begin; c < end; ++c) {
        double sums[quantities];
        for (i64 q = 0; q < quantities; ++q) {
            double sum[segment];
            work_of(call).total(q, c, 1, sum);
            sums[q] = sum[0];
        }
        const whitened::Matrix m = whitened::symmetric(call.operands[MATRIX], c);
        const whitened::Matrix q = of_sums(m, {sums[rr], sums[ri], sums[ir], sums[ii]});
        const double gains[] = {q.rr, q.ri, q.ir, q.ii};
        for (i64 r = 0; r < 4; ++r) row<float>(call.operands[GAINS], r)[c] = static_cast<float>(gains[r] * factor);
        whitened::store_mean(call.operands[MEAN], c, sums[re] / rows, sums[im] / rows);
    }
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::whitening_gradient
