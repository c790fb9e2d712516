// Block-circulant LSTMs and GRUs in Q5.10 (16 bits, 10 of them fractional) for high-level synthesis, exported by linocut.
//
// All integers are those of linocut's reference: rounded shifts, saturation after every stage of a transform, sums of
// products in 40 bits or more. Sizes are template arguments, so that every loop is of known length.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef LINOCUT_Q10_HPP
#define LINOCUT_Q10_HPP

#include <ap_int.h>

namespace q10 {

typedef ap_int<16> number;
typedef ap_int<17> wide;     // a difference of two numbers, and the negative of the least
typedef ap_int<34> product;  // of a difference and a factor, two of them added
typedef ap_int<48> sum;      // of products of all blocks of a row
typedef ap_int<64> total;    // of sums of frames times weights

static const int most_block = 32, point = 10, one = 1024, twiddle_bits = 14;
$tables

template <int W>
inline ap_int<W> shifted(ap_int<W> value, int bits) {
#pragma HLS INLINE
    if (bits == 0) return value;
    const ap_int<W> half = ap_int<W>(1LL << (bits - 1));
    return ap_int<W>((long long)(value + half) >> bits);
}

template <int W>
inline number saturated(ap_int<W> value) {
#pragma HLS INLINE
    if (value > 32767) return 32767;
    if (value < -32768) return -32768;
    return number((long long)value);
}

// --- transforms of one block ---

template <int K>
struct Block {
    wide re[K], im[K];
};

template <int K>
inline int reversed(int i) {
    int found = 0;
    for (int n = K; n >= 2; n /= 2, i >>= 1) found = found << 1 | (i & 1);
    return found;
}

// Bins come out in the order of reversed bits. All stages of the inverse halve, or odd ones forward, even ones inverse.
template <int K, bool inverse, bool all_inverse>
void transform(Block<K>& block) {
#pragma HLS INLINE
    int stage = 1;
    for (int n = K; n >= 2; n /= 2, ++stage) {
#pragma HLS UNROLL
        const int half = all_inverse ? (inverse ? 1 : 0) : (stage % 2 == (inverse ? 0 : 1) ? 1 : 0);
        for (int base = 0; base < K; base += n) {
#pragma HLS UNROLL
            for (int j = 0; j < n / 2; ++j) {
#pragma HLS UNROLL
                const int a = base + j, b = a + n / 2, at = j * (most_block / n);
                const number cos = cosines[at], sin = inverse ? sines[at] : -sines[at];
                const ap_int<18> d_re = block.re[a] - block.re[b], d_im = block.im[a] - block.im[b];
                const ap_int<18> s_re = block.re[a] + block.re[b], s_im = block.im[a] + block.im[b];
                const product t_re = d_re * cos - d_im * sin, t_im = d_re * sin + d_im * cos;
                block.re[a] = saturated<18>(shifted<18>(s_re, half));
                block.im[a] = saturated<18>(shifted<18>(s_im, half));
                block.re[b] = saturated<34>(shifted<34>(t_re, twiddle_bits + half));
                block.im[b] = saturated<34>(shifted<34>(t_im, twiddle_bits + half));
            }
        }
    }
}

// Packed spectra of N numbers, J blocks of K, zeros behind the last: re 0, re K/2, re 1, im 1, re 2, im 2, ...
template <int N, int J, int K, bool all_inverse>
void hear(const number* x, number spectra[J * K]) {
    for (int j = 0; j < J; ++j) {
#pragma HLS PIPELINE
        Block<K> block;
        for (int i = 0; i < K; ++i) {
            block.re[i] = j * K + i < N ? wide((long long)x[j * K + i]) : wide(0);
            block.im[i] = 0;
        }
        transform<K, false, all_inverse>(block);
        spectra[j * K] = (long long)block.re[0];
        if (K > 1) spectra[j * K + 1] = (long long)block.re[reversed<K>(K / 2)];
        for (int m = 1; m < K / 2; ++m) {
            spectra[j * K + 2 * m] = (long long)block.re[reversed<K>(m)];
            spectra[j * K + 2 * m + 1] = (long long)block.im[reversed<K>(m)];
        }
    }
}

// --- products ---

template <int K>
struct Sums {
    sum re[K / 2 + 1], im[K / 2 + 1];
};

template <int K>
void clear(Sums<K>& sums) {
    for (int m = 0; m <= K / 2; ++m) sums.re[m] = sums.im[m] = 0;
}

template <int J, int K>
void add_row(Sums<K>& sums, const number* weights, const number* spectra) {
    for (int j = 0; j < J; ++j) {
#pragma HLS PIPELINE
        const number *w = weights + j * K, *x = spectra + j * K;
        sums.re[0] += w[0] * x[0];
        if (K > 1) sums.re[K / 2] += w[K > 1 ? 1 : 0] * x[K > 1 ? 1 : 0];
        for (int m = 1; m < K / 2; ++m) {
            sums.re[m] += w[2 * m] * x[2 * m] - w[2 * m + 1] * x[2 * m + 1];
            sums.im[m] += w[2 * m] * x[2 * m + 1] + w[2 * m + 1] * x[2 * m];
        }
    }
}

template <int K, bool all_inverse>
void finish(const Sums<K>& sums, int weight_point, number y[K]) {
    Block<K> block;
    block.re[0] = saturated<48>(shifted<48>(sums.re[0], weight_point));
    block.im[0] = 0;
    for (int m = 1; m <= K / 2; ++m) {
        block.re[m] = block.re[K - m] = saturated<48>(shifted<48>(sums.re[m], weight_point));
        block.im[m] = saturated<48>(shifted<48>(sums.im[m], weight_point));
        block.im[K - m] = -block.im[m];
    }
    transform<K, true, all_inverse>(block);
    for (int i = 0; i < K; ++i) y[i] = (long long)block.re[reversed<K>(i)];
}

// --- functions ---

inline ap_int<32> by_knots(ap_int<32> v) {
    const int value = (int)(long long)v, size_ = value < 0 ? -value : value, size = size_ < 4096 ? size_ : 4096;
    const int at = size >> 7 < 31 ? size >> 7 : 31;
    const int height = knots[at] + (((knots[at + 1] - knots[at]) * (size - (at << 7)) + 64) >> 7);
    return value < 0 ? -height : height;
}

inline ap_int<32> by_chords(ap_int<32> v, const short slopes[24], const short intercepts[24], int place) {
    const int at_ = place + 12, at = at_ < 0 ? 0 : at_ > 23 ? 23 : at_;
    return shifted<32>(ap_int<32>((long long)slopes[at] * (long long)v), point) + intercepts[at];
}

template <bool paper>
ap_int<32> tanh_of(ap_int<32> v) {
    const int value = (int)(long long)v;
    return paper ? by_chords(v, tanh_slopes, tanh_intercepts, value * 10 >> 12) : by_knots(v);
}

template <bool paper>
ap_int<32> sigmoid_of(ap_int<32> v) {
    const int value = (int)(long long)v;
    if (paper) return by_chords(v, sigmoid_slopes, sigmoid_intercepts, value >> 9);
    return (one + (long long)by_knots((value + 1) >> 1) + 1) >> 1;
}

// --- layers ---

// What a layer is: N inputs, J blocks of them, C blocks of cells, L of outputs, K a block. Weights are in units of 2^-P,
// those of a projection of 2^-PP; `bound` cuts cells, 0: none.
template <int N, int J, int C, int L, int K, int P, int PP, bool inverse_, bool projection_inverse_, bool projects_,
          bool peepholes_, bool paper_, bool sigmoid_, bool backwards_, int bound_>
struct Shape {
    enum { inputs = N, input_blocks = J, cell_blocks = C, output_blocks = L, block = K, cells = C * K, outputs = L * K };
    enum { weight_point = P, projection_point = PP, bound = bound_ };
    enum { inverse = inverse_, projection_inverse = projection_inverse_, projects = projects_ };
    enum { has_peepholes = peepholes_, paper = paper_, by_sigmoid = sigmoid_, backwards = backwards_ };
};

// Weights of a layer; those that it has not are not read.
struct Weights {
    const number *inputs, *recurrent, *bias, *peepholes, *projection;
};

template <class S>
number gated(const Weights& w, number gate, int bias, int hole, int at, number cell) {
    ap_int<32> a = gate + w.bias[bias * S::cells + at];
    if (S::has_peepholes) {
        const ap_int<32> seen = w.peepholes[hole * S::cells + at] * cell;
        a += shifted<32>(seen, point);
    }
    return (long long)sigmoid_of<S::paper>(saturated<32>(a));
}

// One frame x; outputs and cells are the state.
template <class S>
void step(const number* x, const Weights& w, number* outputs, number* cells) {
    enum { K = S::block, J = S::input_blocks, C = S::cell_blocks, L = S::output_blocks, N = S::cells };
    static number heard_x[J * K], heard_y[L * K], heard_m[C * K], gates[4][N];
    hear<S::inputs, J, K, S::inverse>(x, heard_x);
    hear<S::outputs, L, K, S::inverse>(outputs, heard_y);
    for (int row = 0; row < 4 * C; ++row) {
        Sums<K> sums;
        clear<K>(sums);
        add_row<J, K>(sums, w.inputs + row * J * K, heard_x);
        add_row<L, K>(sums, w.recurrent + row * L * K, heard_y);
        finish<K, S::inverse>(sums, S::weight_point, gates[row / C] + row % C * K);
    }
    for (int at = 0; at < N; ++at) {
#pragma HLS PIPELINE
        const number before = cells[at];
        const number i = gated<S>(w, gates[0][at], 0, 0, at, before);
        const number f = gated<S>(w, gates[2][at], 2, 1, at, before);
        const ap_int<32> a = saturated<32>(ap_int<32>(gates[1][at] + w.bias[N + at]));
        const number g = (long long)(S::by_sigmoid ? sigmoid_of<S::paper>(a) : tanh_of<S::paper>(a));
        number cell = saturated<32>(shifted<32>(ap_int<32>(f * before + i * g), point));
        if (S::bound > 0 && cell > S::bound) cell = (long long)S::bound;
        if (S::bound > 0 && cell < -S::bound) cell = -(long long)S::bound;
        const number o = gated<S>(w, gates[3][at], 3, 2, at, cell);
        cells[at] = cell;
        gates[3][at] = (long long)shifted<32>(ap_int<32>(o * tanh_of<S::paper>((long long)cell)), point);
    }
    if (!S::projects) {
        for (int at = 0; at < S::outputs; ++at) outputs[at] = gates[3][at];
        return;
    }
    hear<N, C, K, S::projection_inverse>(gates[3], heard_m);
    for (int row = 0; row < L; ++row) {
        Sums<K> sums;
        clear<K>(sums);
        add_row<C, K>(sums, w.projection + row * C * K, heard_m);
        finish<K, S::projection_inverse>(sums, S::projection_point, outputs + row * K);
    }
}

// All frames of a sequence, x (frames, inputs) to y (frames, outputs).
template <class S>
void lstm(const number* x, int frames, const Weights& w, number* y) {
    static number outputs[S::outputs], cells[S::cells];
    for (int at = 0; at < S::outputs; ++at) outputs[at] = 0;
    for (int at = 0; at < S::cells; ++at) cells[at] = 0;
    for (int t = 0; t < frames; ++t) {
        const int at = S::backwards ? frames - 1 - t : t;
        step<S>(x + at * S::inputs, w, outputs, cells);
        for (int c = 0; c < S::outputs; ++c) y[at * S::outputs + c] = outputs[c];
    }
}

// What a GRU layer is: N inputs, J blocks of them, C blocks of cells, K a block. Weights are in units of 2^-P, those of
// candidates of 2^-PC.
template <int N, int J, int C, int K, int P, int PC, bool inverse_, bool paper_>
struct GruShape {
    enum { inputs = N, input_blocks = J, cell_blocks = C, block = K, cells = C * K };
    enum { weight_point = P, candidate_point = PC, inverse = inverse_, paper = paper_ };
};

struct GruWeights {
    const number *inputs, *recurrent, *candidate, *bias;
};

// `count` blocks of the product with [x, what is beside it].
template <class S>
void gru_products(const number* inputs, const number* own, const number* heard_x, const number* heard_h, int count,
                  int weight_point, number* to) {
    enum { K = S::block, J = S::input_blocks, C = S::cell_blocks };
    for (int row = 0; row < count; ++row) {
        Sums<K> sums;
        clear<K>(sums);
        add_row<J, K>(sums, inputs + row * J * K, heard_x);
        add_row<C, K>(sums, own + row * C * K, heard_h);
        finish<K, S::inverse>(sums, weight_point, to + row * K);
    }
}

// One frame x; h is the state.
template <class S>
void gru_step(const number* x, const GruWeights& w, number* h) {
    enum { K = S::block, J = S::input_blocks, C = S::cell_blocks, N = S::cells };
    static number heard_x[J * K], heard_h[C * K], gates[2 * N], reset[N], made[N];
    hear<S::inputs, J, K, S::inverse>(x, heard_x);
    hear<N, C, K, S::inverse>(h, heard_h);
    gru_products<S>(w.inputs, w.recurrent, heard_x, heard_h, 2 * C, S::weight_point, gates);
    for (int at = 0; at < 2 * N; ++at) {
#pragma HLS PIPELINE
        gates[at] = (long long)sigmoid_of<S::paper>(saturated<32>(ap_int<32>(gates[at] + w.bias[at])));
    }
    for (int at = 0; at < N; ++at) reset[at] = (long long)shifted<32>(ap_int<32>(gates[at] * h[at]), point);
    hear<N, C, K, S::inverse>(reset, heard_h);
    gru_products<S>(w.inputs + 2 * C * J * K, w.candidate, heard_x, heard_h, C, S::candidate_point, made);
    for (int at = 0; at < N; ++at) {
#pragma HLS PIPELINE
        const number u = gates[N + at];
        const number d = (long long)tanh_of<S::paper>(saturated<32>(ap_int<32>(made[at] + w.bias[2 * N + at])));
        const wide rest = one - (long long)u;
        h[at] = saturated<34>(shifted<34>(ap_int<34>(u * h[at] + rest * d), point));
    }
}

// All frames of a sequence, x (frames, inputs) to y (frames, cells).
template <class S>
void gru(const number* x, int frames, const GruWeights& w, number* y) {
    static number h[S::cells];
    for (int at = 0; at < S::cells; ++at) h[at] = 0;
    for (int t = 0; t < frames; ++t) {
        gru_step<S>(x + t * S::inputs, w, h);
        for (int c = 0; c < S::cells; ++c) y[t * S::cells + c] = h[c];
    }
}

// The sum of two directions.
template <int N>
void add(const number* a, const number* b, int frames, number* y) {
    for (int at = 0; at < frames * N; ++at) {
#pragma HLS PIPELINE
        y[at] = saturated<17>(ap_int<17>(a[at] + b[at]));
    }
}

// A dense layer of one row, which stands for `count` frames.
template <int N, int outputs, class X>
void dense(const X* x, int count, const number* weights, const number* bias, int weight_point, ap_int<32>* y) {
    const long long by = (long long)count << weight_point;
    for (int o = 0; o < outputs; ++o) {
        total all = (long long)bias[o] * (1LL << weight_point) * count;
        for (int c = 0; c < N; ++c) {
#pragma HLS PIPELINE
            all += (long long)x[c] * (long long)weights[o * N + c];
        }
        const long long twice = 2 * (long long)all + by;
        long long found = twice / (2 * by) - (twice % (2 * by) < 0);
        if (found > 2147483647LL) found = 2147483647LL;
        if (found < -2147483648LL) found = -2147483648LL;
        y[o] = found;
    }
}

// Of the mean of all frames.
template <int N, int outputs>
void mean(const number* x, int frames, const number* weights, const number* bias, int weight_point, ap_int<32>* y) {
    static ap_int<32> sums[N];
    for (int c = 0; c < N; ++c) sums[c] = 0;
    for (int t = 0; t < frames; ++t) {
        for (int c = 0; c < N; ++c) {
#pragma HLS PIPELINE
            sums[c] += x[t * N + c];
        }
    }
    dense<N, outputs>(sums, frames < 1 ? 1 : frames, weights, bias, weight_point, y);
}

}  // namespace q10

#endif
