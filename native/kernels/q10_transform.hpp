// Transforms of the blocks of block-circulant products in Q5.10, sixteen blocks side by side; the twin of
// src/linocut/ops/q10_transform.py.
#pragma once

#include "q10.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::q10 {

inline constexpr int most_block = 32, side = 16, twiddle_bits = 14;

// rint(2^14 cos) and rint(2^14 sin) of 2 pi j / 32.
inline constexpr i16 cosines[16] = {16384, 16069, 15137, 13623, 11585,  9102,   6270,   3196,
                                    0,     -3196, -6270, -9102, -11585, -13623, -15137, -16069};
inline constexpr i16 sines[16] = {0,     3196,  6270,  9102,  11585, 13623, 15137, 16069,
                                  16384, 16069, 15137, 13623, 11585, 9102,  6270,  3196};

// The k complex numbers of sixteen blocks.
struct Tile {
    i32 re[most_block][side], im[most_block][side];
};

// How a product's two transforms halve: all stages of the inverse, or odd ones forward and even ones inverse.
struct Halvings {
    bool all_inverse;

    int of(int stage, bool inverse) const { return all_inverse ? inverse : stage % 2 == (inverse ? 0 : 1); }
};

// Bins come out in the order of reversed bits: bin i stands at `reversed(i, k)`.
inline void transform(Tile& tile, int k, bool inverse, Halvings halvings) {
    int stage = 1;
    for (int n = k; n >= 2; n /= 2, ++stage) {
        const int half = halvings.of(stage, inverse), step = most_block / n, bits = twiddle_bits + half;
        const i32 rounding = 1 << (bits - 1);
        for (int base = 0; base < k; base += n) {
            for (int j = 0; j < n / 2; ++j) {
                const i32 cos = cosines[j * step], sin = inverse ? sines[j * step] : -sines[j * step];
                const int upper = base + j, lower = upper + n / 2;
                // Copies, which are known not to lie in each other: loops of them become vectors.
                i32 a_re[side], a_im[side], b_re[side], b_im[side];
                std::memcpy(a_re, tile.re[upper], sizeof a_re);
                std::memcpy(a_im, tile.im[upper], sizeof a_im);
                std::memcpy(b_re, tile.re[lower], sizeof b_re);
                std::memcpy(b_im, tile.im[lower], sizeof b_im);
                for (int l = 0; l < side; ++l) {
                    const i32 sum_re = a_re[l] + b_re[l], sum_im = a_im[l] + b_im[l];
                    const i32 d_re = a_re[l] - b_re[l], d_im = a_im[l] - b_im[l];
                    a_re[l] =
                        saturated((sum_re + half) >> half);  // of one bit 2^(bits - 1) is 1, of none there is none
                    a_im[l] = saturated((sum_im + half) >> half);
                    b_re[l] = saturated((d_re * cos - d_im * sin + rounding) >> bits);
                    b_im[l] = saturated((d_re * sin + d_im * cos + rounding) >> bits);
                }
                std::memcpy(tile.re[upper], a_re, sizeof a_re);
                std::memcpy(tile.im[upper], a_im, sizeof a_im);
                std::memcpy(tile.re[lower], b_re, sizeof b_re);
                std::memcpy(tile.im[lower], b_im, sizeof b_im);
            }
        }
    }
}

inline int reversed(int i, int k) {
    int found = 0;
    for (int n = k; n >= 2; n /= 2, i >>= 1) found = found << 1 | (i & 1);
    return found;
}

// The packed spectra of n numbers, zeros after them to whole blocks.
inline void hear(const i16* x, i64 n, int k, Halvings halvings, i16* spectra, Tile& tile) {
    const i64 blocks = divide_up(n, k);
    if (k == 1) {
        std::memcpy(spectra, x, static_cast<std::size_t>(n) * sizeof(i16));
        return;
    }
    for (i64 first = 0; first < blocks; first += side) {
        const i64 count = least<i64>(side, blocks - first);
        for (int i = 0; i < k; ++i) {
            for (int l = 0; l < side; ++l) {
                const i64 at = (first + l) * k + i;
                tile.re[i][l] = l < count && at < n ? x[at] : 0;
                tile.im[i][l] = 0;
            }
        }
        transform(tile, k, false, halvings);
        for (i64 l = 0; l < count; ++l) {
            i16* to = spectra + (first + l) * k;
            to[0] = static_cast<i16>(tile.re[0][l]);
            to[1] = static_cast<i16>(tile.re[reversed(k / 2, k)][l]);
            for (int m = 1; m < k / 2; ++m) {
                const int at = reversed(m, k);
                to[2 * m] = static_cast<i16>(tile.re[at][l]);
                to[2 * m + 1] = static_cast<i16>(tile.im[at][l]);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::q10
