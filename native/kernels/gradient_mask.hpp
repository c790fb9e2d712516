// The gradient that reaches a norm, masked by the straight-through estimator, and its partner x^ or x - beta: what both
// backward kernels of batch norm read (src/linocut/ops/norm_gradient_sums.py). 64 channels at a time.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm {

struct MaskedGradient {
    const Operand &dx, &x, &mask;
    float beta[segment] = {};
    bool by_sign;   // the partner is x^
    bool estimator; // |x| > 1 is masked, x being kept in numbers
    i64 unit, first, n;

    MaskedGradient(const Operand& gradient, const Operand& kept, const Operand& passes, const Operand& shift, double kind,
                   bool ste, i64 part)
        : dx(gradient), x(kept), mask(passes), by_sign(kind == l1 || kept.format == Format::bit),
          estimator(ste && kept.format != Format::bit && !given(passes)), unit(part), first(part * segment),
          n(least(segment, gradient.cols - part * segment)) {
        load_floats(shift, 0, first, n, beta);
    }

    // g[c] for integers, 0 where masked.
    void integers(i64 r, i32* g) const {
        load_integers(dx, r, first, n, g);
        if (!given(mask)) return;
        u8 ones[segment];
        expand_bits(bit_row(mask, r)[unit], ones);
        for (i64 c = 0; c < n; ++c) g[c] &= -static_cast<i32>(ones[c]);
    }

    // signs[c] = 1 or 0 for x^ = +1 or -1; x is packed.
    void sign_bits(i64 r, u8* signs) const { expand_bits(bit_row(x, r)[unit], signs); }

    // g[c] and its partner u[c] for floats.
    void floats(i64 r, float* g, float* u) const {
        load_floats(dx, r, first, n, g);
        if (given(mask)) {
            u8 ones[segment];
            expand_bits(bit_row(mask, r)[unit], ones);
            for (i64 c = 0; c < n; ++c) g[c] = ones[c] ? g[c] : 0.0f;
        }
        if (x.format == Format::bit) {
            u8 ones[segment];
            sign_bits(r, ones);
            for (i64 c = 0; c < n; ++c) u[c] = ones[c] ? 1.0f : -1.0f;
            return;
        }
        load_floats(x, r, first, n, u);
        for (i64 c = 0; c < n; ++c) {
            if (estimator && !(std::fabs(u[c]) <= 1.0f)) g[c] = 0.0f;
            u[c] = by_sign ? (u[c] >= 0.0f ? 1.0f : -1.0f) : u[c] - beta[c];
        }
    }
};

}  // namespace linocut::LINOCUT_NS::norm
