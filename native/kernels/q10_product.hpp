// Block-circulant products in Q5.10 of packed spectra: exact sums of products of pairs, then the way back.
//
// A pair of packed weights is a complex number, or the two real ends of a spectrum. Of a spectrum of x two arrangements
// are made, so that the sum of the products of neighbours is a real part with the one, and an imaginary part with the
// other: (re, -im) and (im, re); of the ends (first, 0) and (0, last). Sums of 32 bits are added up in 64 as often as
// the largest number of the spectrum asks for.
#pragma once

#include "../simd/simd.hpp"
#include "q10_transform.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::q10 {

inline constexpr i64 numbers_at_once = 32, lanes = 16;

// A spectrum as it is multiplied with, `whole` numbers: full vectors, the last filled with zeros.
struct Arranged {
    i16 *real, *imaginary;  // for k = 1 the first alone
    i64 numbers, whole;
    i32 largest;
};

inline Arranged room_for(Workspace& workspace, i64 numbers) {
    const i64 whole = divide_up(numbers, numbers_at_once) * numbers_at_once;
    return {workspace.several<i16>(whole), workspace.several<i16>(whole), numbers, whole, 0};
}

inline void arrange(const i16* spectra, int k, Arranged& to) {
    i32 largest = 0;
    for (i64 at = 0; at < to.numbers; ++at) {
        const i32 value = spectra[at];
        largest = most(largest, value < 0 ? -value : value);
    }
    to.largest = largest;
    for (i64 at = to.numbers; at < to.whole; ++at) to.real[at] = to.imaginary[at] = 0;
    if (k == 1) {
        std::memcpy(to.real, spectra, static_cast<std::size_t>(to.numbers) * sizeof(i16));
        return;
    }
    for (i64 at = 0; at < to.numbers; at += 2) {
        to.real[at] = spectra[at];
        to.real[at + 1] = static_cast<i16>(-spectra[at + 1]);  // where it wraps no vectors are used
        to.imaginary[at] = spectra[at + 1];
        to.imaginary[at + 1] = spectra[at];
    }
    for (i64 at = 0; at < to.numbers; at += k) {
        to.real[at + 1] = 0;
        to.imaginary[at] = 0;
        to.imaginary[at + 1] = spectra[at + 1];
    }
}

// Sums of one row of weights: of lane l those of pairs l, l + 16, ...
struct Totals {
    alignas(64) i64 real[lanes], imaginary[lanes];
};

// Where products of 16 bits do not fit what vectors do: -32768 times itself, or negated.
inline void add_wide(const i16* weights, const i16* spectra, i64 numbers, int k, Totals& totals) {
    for (i64 at = 0; at < numbers; at += 2) {
        const i64 lane = at / 2 % lanes;
        const i64 a = weights[at], c = spectra[at], b = at + 1 < numbers ? weights[at + 1] : 0;
        const i64 d = at + 1 < numbers ? spectra[at + 1] : 0;
        if (k == 1) {
            totals.real[lane] += a * c + b * d;
        } else if (at % k == 0) {
            totals.real[lane] += a * c;
            totals.imaginary[lane] += b * d;
        } else {
            totals.real[lane] += a * c - b * d;
            totals.imaginary[lane] += a * d + b * c;
        }
    }
}

// totals[r] += weights r, which lie `stride` apart, with a spectrum; `rows` of them.
template <int rows, bool is_complex>
inline void add_rows(const i16* weights, i64 stride, const Arranged& x, Totals* totals) {
    const i64 vectors = x.numbers / numbers_at_once, tail = x.numbers % numbers_at_once;
    const i64 chunk = most<i64>(1, 0x7FFFFFFF / (i64{65536} * most(1, x.largest)));
    for (i64 first = 0; first < vectors + (tail > 0); first += chunk) {
        PairSums real[rows] = {}, imaginary[rows] = {};
        const i64 last = least(first + chunk, vectors);
        const auto add = [&](auto r, const i16* from, i64 at) {
            const auto numbers = PairSums::load(from);
            real[r].add(numbers, PairSums::load(x.real + at));
            if (is_complex) imaginary[r].add(numbers, PairSums::load(x.imaginary + at));
        };
        for (i64 v = first; v < last; ++v) {
            const i64 at = v * numbers_at_once;
            unrolled<rows>([&](auto r) { add(r, weights + r * stride + at, at); });
        }
        if (tail > 0 && first + chunk > vectors) {
            const i64 at = vectors * numbers_at_once;
            unrolled<rows>([&](auto r) {
                alignas(64) i16 end[numbers_at_once] = {};
                std::memcpy(end, weights + r * stride + at, static_cast<std::size_t>(tail) * sizeof(i16));
                add(r, end, at);
            });
        }
        unrolled<rows>([&](auto r) {
            real[r].add_to(totals[r].real);
            if (is_complex) imaginary[r].add_to(totals[r].imaginary);
        });
    }
}

// A matrix of packed spectra, some of whose columns lie in one operand and some in another.
struct Part {
    const i16* weights;
    const i16* spectra;
    Arranged x;
};

template <int rows>
inline void add_part(const Part& part, i64 block, int k, Totals* totals) {
    const i64 stride = part.x.numbers;
    const i16* weights = part.weights + block * stride;
    if (part.x.largest > highest) {
        for (int r = 0; r < rows; ++r) add_wide(weights + r * stride, part.spectra, stride, k, totals[r]);
    } else if (k == 1) {
        add_rows<rows, false>(weights, stride, part.x, totals);
    } else {
        add_rows<rows, true>(weights, stride, part.x, totals);
    }
}

// Bin m of a block's sums, and its mirror; pairs lie k/2 lanes apart.
inline void gather(const Totals& totals, int k, int bits, Tile& tile, i64 l) {
    const int pairs = k == 1 ? 1 : k / 2;
    for (int pair = 0; pair < pairs; ++pair) {
        i64 real = 0, imaginary = 0;
        for (i64 lane = pair; lane < lanes; lane += pairs) {
            real += totals.real[lane];
            imaginary += totals.imaginary[lane];
        }
        const i32 re = saturated(shifted(real, bits)), im = saturated(shifted(imaginary, bits));
        if (pair == 0) {
            tile.re[0][l] = re;
            tile.im[0][l] = 0;
            if (k > 1) {
                tile.re[k / 2][l] = im;
                tile.im[k / 2][l] = 0;
            }
        } else {
            tile.re[pair][l] = tile.re[k - pair][l] = re;
            tile.im[pair][l] = im;
            tile.im[k - pair][l] = -im;
        }
    }
}

// y of blocks [0, blocks): `store(block, place in it, number)`.
template <int parts, class Store>
inline void multiply(const Part* given, i64 blocks, int k, int bits, Halvings halvings, Tile& tile, Store store) {
    for (i64 first = 0; first < blocks; first += side) {
        const i64 count = least<i64>(side, blocks - first);
        for (i64 l = 0; l < count; l += pair_rows) {
            Totals totals[pair_rows] = {};
            if (l + pair_rows <= count) {
                for (int p = 0; p < parts; ++p) add_part<pair_rows>(given[p], first + l, k, totals);
            } else {
                for (i64 r = l; r < count; ++r) {
                    for (int p = 0; p < parts; ++p) add_part<1>(given[p], first + r, k, totals + (r - l));
                }
            }
            for (i64 r = l; r < least<i64>(l + pair_rows, count); ++r) gather(totals[r - l], k, bits, tile, r);
        }
        if (k > 1) transform(tile, k, true, halvings);
        for (int i = 0; i < k; ++i) {
            const i32* from = tile.re[reversed(i, k)];
            for (i64 l = 0; l < count; ++l) store(first + l, i, from[l]);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::q10
