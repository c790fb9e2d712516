// The gradient that reaches a norm, masked by the straight-through estimator, and its partner: x^, levels of x or x -
// beta; what both backward kernels of batch norm read (src/linocut/ops/norm_gradient_sums.py). 64 channels at a time.
#pragma once

#include "norm.hpp"
#include "sixteens.hpp"

namespace linocut::LINOCUT_NS::norm {

inline constexpr double clipped = 1.0, rectifies = 2.0;  // what follows the norm: a sign, or a ReLU

// What bits say of some rows, a word each; those that are not given are 1.
struct RowBits {
    static constexpr i64 most_rows = Fold::rows_at_once;
    u64 positive[most_rows], inside[most_rows], nearer[most_rows];
    const u64* passing;
};

struct MaskedGradient {
    const Operand dx, x;  // folded, but for bits
    const Operand &mask, &half;
    const Fold fold;
    float beta[segment] = {};
    bool by_sign;    // the partner is x^
    bool masks;      // where `mask` is 0
    bool rectified;  // where x < 0
    bool estimator;  // where |x| > 1, x being kept in floats
    i64 word, first, n;
    i64 used;

    MaskedGradient(const Operand& gradient, const Operand& kept, const Operand& passes, const Operand& halves,
                   const Operand& shift, const double* attributes, const Fold& together, const Unit& unit)
        : dx(together.of(gradient)),
          x(kept.format == Format::bit ? kept : together.of(kept)),
          mask(passes),
          half(halves),
          fold(together),
          by_sign(attributes[0] == l1),
          masks(attributes[1] == clipped && given(passes)),
          rectified(attributes[1] == rectifies),
          estimator(attributes[1] == clipped && kept.format != Format::bit && !given(passes)),
          word(unit.word),
          first(unit.first),
          n(unit.n),
          used(unit.used()) {
        if (given(shift)) load_floats(shift, 0, first, least(n, fold.cols), beta);
        fold.repeat(beta);
    }

    // Bits of a row: where g passes, and x^ where x is packed.
    u64 passing(i64 r) const { return rectified ? signs(r) : masks ? inside(r) : ~u64{0}; }
    u64 signs(i64 r) const { return fold.bits(x, r, word); }
    u64 inside(i64 r) const { return fold.bits(mask, r, word); }
    u64 nearer(i64 r) const { return fold.bits(half, r, word); }

    // Those of several rows, up to RowBits::most_rows of them.
    void take_bits(i64 r, i64 rows, RowBits& out) const {
        const auto take = [&](const Operand& from, u64* to) {
            if (given(from)) return fold.take_bits(from, r, word, rows, to);
            for (i64 i = 0; i < rows; ++i) to[i] = ~u64{0};
        };
        take(x, out.positive);
        take(mask, out.inside);
        take(half, out.nearer);
        out.passing = rectified ? out.positive : masks ? out.inside : all_pass;
    }
    static constexpr u64 ones = ~u64{0};
    static constexpr u64 all_pass[RowBits::most_rows] = {ones, ones, ones, ones, ones, ones, ones, ones,
                                                         ones, ones, ones, ones, ones, ones, ones, ones};

    // Whether 64 elements are there, in formats that vectors of 16 floats are made of, and x is bits.
    template <class S>
    bool in_sixteens() const {
        return S::usable && n == segment && x.format == Format::bit && sixteens::readable(dx.format);
    }

    // Row i of `bits`: g, and its partner.
    template <class S>
    [[gnu::always_inline]] void sixteen(i64 r, i64 i, const RowBits& bits, sixteens::Row<S>& g,
                                        sixteens::Row<S>& u) const {
        sixteens::load<S>(dx, r + i, first, g);
        const bool levels = given(half);
        unrolled<sixteens::vectors>([&](auto v) {
            const auto of = [&](const u64* rows) { return sixteens::bits_of<S>(rows[i], v); };
            g[v] = S::kept(g[v], of(bits.passing));
            const auto size = [&](i16 some, i16 others, auto chosen) {
                return S::chosen(S::all(others), S::all(some), chosen);
            };
            if (levels) {
                const auto nearer = of(bits.nearer);
                u[v] = S::chosen(size(next_to, beyond, nearer), size(near, far, nearer), of(bits.inside));
            } else {
                u[v] = S::all(1.0f);
            }
            u[v] = S::negated(u[v], of(bits.positive) ^ ~typename S::Bits{0});
        });
    }

    // The partner of 64 elements whose x is bits: +-1, or with `half` +- its level.
    template <class T>
    [[gnu::always_inline]] void partners(i64 r, T* u) const {
        T below[segment];
        expand_masks(~signs(r), below);
        if (!given(half)) {
            for (i64 c = 0; c < segment; ++c) u[c] = static_cast<T>(below[c] | 1);
            return;
        }
        T within[segment], halves[segment];
        expand_masks(given(mask) ? inside(r) : ~u64{0}, within);
        expand_masks(nearer(r), halves);
        for (i64 c = 0; c < segment; ++c) {
            const T inner = static_cast<T>(far ^ ((near ^ far) & halves[c]));
            const T outer = static_cast<T>(beyond ^ ((next_to ^ beyond) & halves[c]));
            const T size = static_cast<T>(outer ^ ((inner ^ outer) & within[c]));
            u[c] = static_cast<T>((size ^ below[c]) - below[c]);
        }
    }

    // g as mantissas, of dX's own width, for 64 elements: 0 where the mask says so, and from n on.
    template <class T>
    void mantissas(i64 r, T* g) const {
        T passes[segment];
        expand_masks(passing(r), passes);
        T copy[segment];
        const T* in = elements(r, copy);
        if (n == segment) {
            for (i64 c = 0; c < segment; ++c) g[c] = static_cast<T>(in[c] & passes[c]);
        } else {
            for (i64 c = 0; c < segment; ++c) g[c] = c < n ? static_cast<T>(in[c] & passes[c]) : T{0};
        }
    }

    // dX as it is stored; nibbles as bytes, in `copy`.
    const i8* elements(i64 r, i8* copy) const { return mantissa_bytes(dx, r, first, n, copy); }
    const i16* elements(i64 r, i16*) const { return row<i16>(dx, r) + first; }

    // g[c], 0 where the mask says so.
    void floats(i64 r, float* g) const {
        load_row(dx, r, first, n, g);
        if (masks || rectified) keep_floats(passing(r), g);
    }

    // g[c] after the mask or the estimator, and its partner u[c], up to `used`.
    [[gnu::always_inline]] void floats(i64 r, float* g, float* u) const {
        floats(r, g);
        if (x.format == Format::bit) {
            if (!given(half)) return expand_signs(signs(r), u);
            constexpr float sizes[4] = {near, far, next_to, beyond};
            expand_levels(signs(r), given(mask) ? inside(r) : ~u64{0}, nearer(r), sizes, u);
            return;
        }
        load_row(x, r, first, n, u);
        if (estimator) {
            for (i64 c = 0; c < used; ++c) g[c] = std::fabs(u[c]) <= 1.0f ? g[c] : 0.0f;
        }
        if (by_sign) {
            for (i64 c = 0; c < used; ++c) u[c] = u[c] >= 0.0f ? 1.0f : -1.0f;
        } else {
            for (i64 c = 0; c < used; ++c) u[c] -= beta[c];
        }
    }
};

}  // namespace linocut::LINOCUT_NS::norm
