// complex_map: a real 2 x 2 matrix for each complex channel, y = [[rr, ri], [ir, ii]] (x - centre), in f32;
// complex_map_sums: the gradient of what it is made of, in f64 (src/linocut/ops/complex_map.py). A part is a row, of
// the sums one of the rows' parts at 64 channels.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::complex_map {

enum { X, GAINS, CENTRE, Y };
enum { FACTOR, TRANSPOSED };

// The matrix of 64 channels.
struct Matrix {
    float rr[segment] = {}, ri[segment] = {}, ir[segment] = {}, ii[segment] = {};

    Matrix(const Operand& gains, i64 first, i64 n, float factor, bool transposed) {
        float own[4][segment] = {};
        for (i64 r = 0; r < gains.rows; ++r) {
            load_floats(gains, r, first, n, own[r]);
            for (float& gain : own[r]) gain *= factor;
        }
        const bool general = gains.rows == 4;
        for (i64 c = 0; c < segment; ++c) {
            rr[c] = own[0][c];
            ri[c] = gains.rows == 2 ? -own[1][c] : own[1][c];
            ir[c] = general ? own[2][c] : own[1][c];
            ii[c] = general ? own[3][c] : gains.rows == 3 ? own[2][c] : own[0][c];
        }
        if (!transposed) return;
        for (i64 c = 0; c < segment; ++c) {
            const float kept = ri[c];
            ri[c] = ir[c];
            ir[c] = kept;
        }
    }
};

inline i64 units(const Call& call) { return call.operands[X].rows; }

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &gains = call.operands[GAINS], &y = call.operands[Y];
    const Operand& centre = call.operands[CENTRE];
    const i64 half = gains.cols;
    const bool alone = gains.rows == 1, centred = given(centre);
    float re[segment] = {}, im[segment] = {}, real[segment], imaginary[segment];
    float of_re[segment] = {}, of_im[segment] = {};
    for (i64 first = 0; first < half; first += segment) {
        const i64 n = least(segment, half - first);
        const Matrix by(gains, first, n, static_cast<float>(call.attributes[FACTOR]),
                        call.attributes[TRANSPOSED] != 0.0);
        if (centred) {
            load_floats(centre, 0, first, n, of_re);
            load_floats(centre, 0, half + first, n, of_im);
        }
        for (i64 r = begin; r < end; ++r) {
            load_floats(x, r, first, n, re);
            load_floats(x, r, half + first, n, im);
            if (centred) {
                for (i64 c = 0; c < segment; ++c) re[c] -= of_re[c], im[c] -= of_im[c];
            }
            if (alone) {
                for (i64 c = 0; c < segment; ++c) real[c] = re[c] * by.rr[c], imaginary[c] = im[c] * by.ii[c];
            } else {
                for (i64 c = 0; c < segment; ++c) {
                    real[c] = re[c] * by.rr[c] + im[c] * by.ri[c];
                    imaginary[c] = re[c] * by.ir[c] + im[c] * by.ii[c];
                }
            }
            store_floats(y, r, first, n, real);
            store_floats(y, r, half + first, n, imaginary);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::complex_map

namespace linocut::LINOCUT_NS::complex_map_sums {

enum { DY, X, SUMS, WORK };
enum { rr, ri, ir, ii, quantities };  // in `work`

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }

inline i64 part_units(const Call& call) { return norm::units(norm::half_of(call.operands[DY]), work_of(call).parts); }
inline i64 channel_units(const Call& call) { return words(call.operands[SUMS].cols); }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[DY], &x = call.operands[X], half = norm::half_of(call.operands[DY]);
    double g[2][segment] = {}, z[2][segment] = {};
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(half, work_of(call).parts, number);
        double sums[quantities][segment] = {};
        for (i64 r = unit.begin; r < unit.end; ++r) {
            for (i64 part = 0; part < 2; ++part) {
                load_doubles(dy, r, part * half.cols + unit.first, unit.n, g[part]);
                load_doubles(x, r, part * half.cols + unit.first, unit.n, z[part]);
            }
            for (i64 q = 0; q < quantities; ++q) {
                for (i64 c = 0; c < unit.used(); ++c) sums[q][c] += g[q / 2][c] * z[q % 2][c];
            }
        }
        for (i64 q = 0; q < quantities; ++q) work_of(call).put(q, unit, sums[q]);
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    const Operand& sums = call.operands[SUMS];
    for (i64 word = begin; word < end; ++word) {
        const i64 first = word * segment, n = least(segment, sums.cols - first);
        double all[quantities][segment], found[quantities][segment];
        for (i64 q = 0; q < quantities; ++q) work_of(call).total(q, first, n, all[q]);
        for (i64 c = 0; c < n; ++c) {
            const double both = all[rr][c] + all[ii][c], turn = all[ir][c] - all[ri][c];
            const double across = all[ri][c] + all[ir][c];
            found[0][c] = sums.rows < 3 ? both : all[rr][c];
            found[1][c] = sums.rows == 2 ? turn : sums.rows == 3 ? across : all[ri][c];
            found[2][c] = sums.rows == 3 ? all[ii][c] : all[ir][c];
            found[3][c] = all[ii][c];
        }
        for (i64 r = 0; r < sums.rows; ++r) {
            for (i64 c = 0; c < n; ++c) found[r][c] *= call.attributes[0];
            norm::store_channels(sums, r, first, n, found[r]);
        }
    }
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::complex_map_sums
