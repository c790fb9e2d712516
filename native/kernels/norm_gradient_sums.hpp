// norm_gradient_sums: per channel sum g, sum g u, max |g| and omega, u being x^ or x - beta.
#pragma once

#include "gradient_mask.hpp"

namespace linocut::LINOCUT_NS::norm_gradient_sums {

enum { DX, X, MASK, BETA, OMEGA, SUMS };

inline i64 units(const Call& call) { return norm::units(call.operands[DX]); }

struct Sums {
    double total[segment] = {}, product[segment] = {}, largest[segment] = {}, size[segment] = {};
};

// Sum: an integer that holds the sum of all rows.
template <class Sum>
inline Sums integer_sums(const norm::MaskedGradient& from) {
    Sum total[segment] = {}, product[segment] = {};
    i32 largest[segment] = {}, g[segment] = {};
    u8 ones[segment] = {};
    for (i64 r = 0; r < from.dx.rows; ++r) {
        from.integers(r, g);
        from.sign_bits(r, ones);
        for (i64 c = 0; c < segment; ++c) {
            const i32 size = g[c] < 0 ? -g[c] : g[c];
            largest[c] = size > largest[c] ? size : largest[c];
            total[c] += g[c];
            product[c] += ones[c] ? g[c] : -g[c];
        }
    }
    Sums sums;
    for (i64 c = 0; c < segment; ++c) {
        sums.total[c] = static_cast<double>(total[c]);
        sums.product[c] = static_cast<double>(product[c]);
        sums.largest[c] = largest[c];
    }
    return sums;
}

inline Sums float_sums(const norm::MaskedGradient& from) {
    Sums sums;
    float g[segment] = {}, u[segment] = {}, x[segment] = {};
    for (i64 r = 0; r < from.dx.rows; ++r) {
        from.floats(r, g, u);
        if (from.x.format != Format::bit) load_floats(from.x, r, from.first, from.n, x);
        for (i64 c = 0; c < segment; ++c) {
            sums.total[c] += g[c];
            sums.product[c] += static_cast<double>(g[c]) * u[c];
            sums.largest[c] = most(sums.largest[c], static_cast<double>(std::fabs(g[c])));
            sums.size[c] += std::fabs(x[c]);
        }
    }
    for (double& size : sums.size) size /= static_cast<double>(from.dx.rows);
    return sums;
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &omega = call.operands[OMEGA], &out = call.operands[SUMS];
    for (i64 unit = begin; unit < end; ++unit) {
        const norm::MaskedGradient from(call.operands[DX], call.operands[X], call.operands[MASK], call.operands[BETA],
                                        call.attributes[0], call.attributes[1] != 0.0, unit);
        const Sums sums = !is_integer(from.dx.format)  ? float_sums(from)
                          : sums_are_narrow(from.dx) ? integer_sums<i32>(from)
                                                     : integer_sums<i64>(from);
        for (i64 c = 0; c < from.n; ++c) {
            const i64 channel = from.first + c;
            row<double>(out, 0)[channel] = sums.total[c];
            row<double>(out, 1)[channel] = sums.product[c];
            row<double>(out, 2)[channel] = sums.largest[c];
            row<double>(out, 3)[channel] = given(omega) ? static_cast<double>(load_float(omega, 0, channel)) : sums.size[c];
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_gradient_sums
