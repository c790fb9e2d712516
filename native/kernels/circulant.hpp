// Products with matrices of circulant blocks, by their spectra (src/linocut/ops/circulant.py has the layout).
// How: rows of x are cut into blocks and transformed, a vector of blocks at a time; each bin of the spectra is then a
//      product of matrices of floats, of complex numbers four; sums are transformed back. Imaginary parts of x are
//      there negated too, so that all that a bin takes is multiplied and added.
#pragma once

#include "float_product.hpp"

namespace linocut::LINOCUT_NS::circulant {

inline constexpr i64 tile = segment;     // blocks of outputs
inline constexpr i64 blocks_apart = 16;  // transforms are of so many blocks or a part of it: no vector has more lanes

inline i64 padded(i64 blocks) { return divide_up(blocks, blocks_apart) * blocks_apart; }

template <int K>
inline constexpr int all_planes = K > 2 ? K + K / 2 - 1 : K;

// --- transforms of K real numbers, in as many planes; each for all lanes of a vector ---

struct Turn {  // cos and sin of 2 pi m / K, m < K / 4
    float cosine[4], sine[4];
};
inline constexpr Turn turn_of_8 = {{1.0f, 0.70710678118654752f}, {0.0f, 0.70710678118654752f}};
inline constexpr Turn turn_of_16 = {{1.0f, 0.92387953251128674f, 0.70710678118654752f, 0.38268343236508977f},
                                    {0.0f, 0.38268343236508977f, 0.70710678118654752f, 0.92387953251128674f}};

template <int K>
inline Vector cosine(int m) {
    return splat(K == 16 ? turn_of_16.cosine[m] : turn_of_8.cosine[m]);
}
template <int K>
inline Vector sine(int m) {
    return splat(K == 16 ? turn_of_16.sine[m] : turn_of_8.sine[m]);
}

// out: the bins 0 and K / 2, then re and im of the others; x are K numbers `step` apart.
template <int K>
inline void forward(const Vector* x, int step, Vector* out) {
    if constexpr (K == 1) {
        out[0] = x[0];
    } else if constexpr (K == 2) {
        out[0] = x[0] + x[step];
        out[1] = x[0] - x[step];
    } else {
        Vector even[K / 2], odd[K / 2];
        forward<K / 2>(x, 2 * step, even);
        forward<K / 2>(x + step, 2 * step, odd);
        out[0] = even[0] + odd[0];
        out[1] = even[0] - odd[0];
        out[K / 2] = even[1];
        out[K / 2 + 1] = -odd[1];
        for (int m = 1; m < K / 4; ++m) {
            const Vector re = cosine<K>(m) * odd[2 * m] + sine<K>(m) * odd[2 * m + 1];
            const Vector im = cosine<K>(m) * odd[2 * m + 1] - sine<K>(m) * odd[2 * m];
            const int other = K / 2 - m;
            out[2 * m] = even[2 * m] + re;
            out[2 * m + 1] = even[2 * m + 1] + im;
            out[2 * other] = even[2 * m] - re;
            out[2 * other + 1] = im - even[2 * m + 1];
        }
    }
}

// K times the inverse.
template <int K>
inline void back(const Vector* planes, Vector* x, int step) {
    if constexpr (K == 1) {
        x[0] = planes[0];
    } else if constexpr (K == 2) {
        x[0] = planes[0] + planes[1];
        x[step] = planes[0] - planes[1];
    } else {
        Vector even[K / 2], odd[K / 2];
        even[0] = planes[0] + planes[1];
        odd[0] = planes[0] - planes[1];
        even[1] = planes[K / 2] + planes[K / 2];
        odd[1] = -(planes[K / 2 + 1] + planes[K / 2 + 1]);
        for (int m = 1; m < K / 4; ++m) {
            const int other = K / 2 - m;
            const Vector re = planes[2 * m] - planes[2 * other], im = planes[2 * m + 1] + planes[2 * other + 1];
            even[2 * m] = planes[2 * m] + planes[2 * other];
            even[2 * m + 1] = planes[2 * m + 1] - planes[2 * other + 1];
            odd[2 * m] = cosine<K>(m) * re - sine<K>(m) * im;
            odd[2 * m + 1] = cosine<K>(m) * im + sine<K>(m) * re;
        }
        back<K / 2>(even, x, 2 * step);
        back<K / 2>(odd, x + step, 2 * step);
    }
}

// Numbers that follow each other, K vectors, by their place among K: x[c] has those in the places c, c + K, c + 2 K ...
template <int K>
inline void part(const Vector* from, Vector* x, int step) {
    if constexpr (K == 1) {
        x[0] = from[0];
    } else {
        Vector even[K / 2], odd[K / 2];
        for (int i = 0; i < K / 2; ++i) {
            even[i] = evens(from[2 * i], from[2 * i + 1]);
            odd[i] = odds(from[2 * i], from[2 * i + 1]);
        }
        part<K / 2>(even, x, 2 * step);
        part<K / 2>(odd, x + step, 2 * step);
    }
}

// The inverse.
template <int K>
inline void join(const Vector* x, Vector* to, int step) {
    if constexpr (K == 1) {
        to[0] = x[0];
    } else {
        Vector even[K / 2], odd[K / 2];
        join<K / 2>(x, even, 2 * step);
        join<K / 2>(x + step, odd, 2 * step);
        for (int i = 0; i < K / 2; ++i) {
            to[2 * i] = first_turns(even[i], odd[i]);
            to[2 * i + 1] = last_turns(even[i], odd[i]);
        }
    }
}

// x[c] has number c of each of `lanes` blocks that follow each other.
template <int K>
inline void load_blocks(const float* from, Vector* x) {
    Vector loaded[K];
    for (int c = 0; c < K; ++c) loaded[c] = load_vector(from + c * lanes);
    part<K>(loaded, x, 1);
}

template <int K>
inline void store_blocks(const Vector* x, float* to) {
    Vector joined[K];
    join<K>(x, joined, 1);
    for (int c = 0; c < K; ++c) std::memcpy(to + c * lanes, joined + c, sizeof *joined);
}

// --- rows of numbers as planes ---

// Planes of rows of `blocks` blocks each (`padded`), and behind them the negated imaginary ones. They begin `apart`
// numbers from each other: a line of the cache more than the rows take, as K of them are written in turn, and what is
// a multiple of 4 KiB apart falls into the same few lines of a cache.
struct Planes {
    float* data;
    i64 apart, blocks;

    float* at(int plane, i64 r) const { return data + plane * apart + r * blocks; }
    FloatRows factors(int plane, i64 first = 0) const { return {at(plane, 0) + first, blocks, 1}; }
    // Summed over rows, not blocks.
    FloatRows turned(int plane, i64 first) const { return {at(plane, 0) + first, 1, blocks}; }
};

template <int K>
inline Planes take_planes(Workspace& space, i64 rows, i64 blocks) {
    const i64 apart = rows * padded(blocks) + blocks_apart;
    return {space.several<float>(all_planes<K> * apart), apart, padded(blocks)};
}

// `lanes` blocks that follow each other, as row r of the planes from the block `at` on.
template <int K>
inline void transform_blocks(const float* from, const Planes& to, i64 r, i64 at) {
    Vector x[K], found[K];
    load_blocks<K>(from, x);
    forward<K>(x, 1, found);
    for (int plane = 0; plane < K; ++plane) std::memcpy(to.at(plane, r) + at, found + plane, sizeof(Vector));
    for (int m = 1; m < K / 2; ++m) {
        const Vector negated = -found[2 * m + 1];
        std::memcpy(to.at(K + m - 1, r) + at, &negated, sizeof negated);
    }
}

// `count` numbers, zeros behind them, as row r of the planes: from where they lie as far as they fill vectors. `line`
// has room for a row.
template <int K>
inline void transform_row(const float* from, i64 count, const Planes& to, i64 r, float* line) {
    constexpr i64 at_once = lanes * K;
    const i64 whole = count / at_once * at_once, all = to.blocks * K;
    for (i64 c = 0; c < whole; c += at_once) transform_blocks<K>(from + c, to, r, c / K);
    if (whole == all) return;
    std::memmove(line + whole, from + whole, static_cast<std::size_t>(count - whole) * sizeof *line);
    std::memset(line + count, 0, static_cast<std::size_t>(all - count) * sizeof *line);
    for (i64 c = whole; c < all; c += at_once) transform_blocks<K>(line + c, to, r, c / K);
}

// The columns [first, first + count) of row `index` of an operand likewise.
template <int K>
inline void transform_columns(const Operand& from, i64 index, i64 first, i64 count, const Planes& to, i64 r,
                              float* line) {
    if (from.format == Format::f32) return transform_row<K>(row<float>(from, index) + first, count, to, r, line);
    for (i64 c = 0; c < count; c += segment) load_floats(from, index, first + c, least(segment, count - c), line + c);
    transform_row<K>(line, count, to, r, line);
}

// --- products ---

template <int K, i64 Rows>
using Tiles = float[K][Rows][tile];

// Visits what is multiplied in each bin: visit(plane of the sums, plane of x, plane of the other factor).
template <int K, class Visit>
inline void each_product(const Visit& visit) {
    visit(0, 0, 0);
    if constexpr (K > 1) visit(1, 1, 1);
    for (int m = 1; m < K / 2; ++m) {
        const int re = 2 * m, im = 2 * m + 1, negated = K + m - 1;
        visit(re, re, re);
        visit(re, negated, im);
        visit(im, re, im);
        visit(im, im, re);
    }
}

// Spectra (K, tiles, summed, 64).
struct Spectra {
    const float* data;
    i64 tiles, summed;

    explicit Spectra(const Operand& of) : data(row<float>(of, 0)), tiles(of.shape[1]), summed(of.shape[2]) {}
    const float (*panel(int plane, i64 at) const)[tile] {
        return reinterpret_cast<const float (*)[tile]>(data + (plane * tiles + at) * summed * tile);
    }
};

// The first `rows` rows of x times tile `at` of the spectra.
template <int K, i64 Rows>
inline void multiply(const Planes& x, i64 rows, const Spectra& spectra, i64 at, i64 columns, Tiles<K, Rows>& sums) {
    for (int plane = 0; plane < K; ++plane)
        std::memset(sums[plane], 0, static_cast<std::size_t>(rows) * sizeof sums[plane][0]);
    each_product<K>([&](int to, int of_x, int of_weights) {
        multiply_tile(rows, x.factors(of_x), spectra.panel(of_weights, at), spectra.summed, sums[to], columns);
    });
}

// Row r of sums, transformed back: 64 K numbers.
template <int K, i64 Rows>
inline void transform_back(const Tiles<K, Rows>& sums, i64 r, float* out) {
    for (i64 j = 0; j < tile; j += lanes) {
        Vector planes[K], x[K];
        for (int plane = 0; plane < K; ++plane) planes[plane] = load_vector(sums[plane][r] + j);
        back<K>(planes, x, 1);
        store_blocks<K>(x, out + j * K);
    }
}

// `use(r, first output, how many, numbers)` for all tiles of a product of `rows` rows, of `outputs` each.
template <int K, i64 Rows, class Use>
inline void each_output(const Planes& x, i64 rows, const Spectra& spectra, i64 outputs, Tiles<K, Rows>& sums,
                        float* out, const Use& use) {
    for (i64 at = 0; at < spectra.tiles; ++at) {
        const i64 first = at * tile * K, n = least(tile * K, outputs - first);
        multiply<K, Rows>(x, rows, spectra, at, divide_up(n, K), sums);
        for (i64 r = 0; r < rows; ++r) {
            transform_back<K, Rows>(sums, r, out);
            use(r, first, n, out);
        }
    }
}

// do_of(constant of the size of blocks).
template <int K>
struct Size {
    static constexpr int value = K;
};
template <class Do>
inline void of_size(i64 size, const Do& do_of) {
    switch (size) {
        case 1:
            return do_of(Size<1>());
        case 2:
            return do_of(Size<2>());
        case 4:
            return do_of(Size<4>());
        case 8:
            return do_of(Size<8>());
        default:
            return do_of(Size<16>());
    }
}

// The steps of sequence b that there are, of `steps` at most.
inline i64 length_of(const Operand& lengths, i64 b, i64 steps) {
    return given(lengths) ? clamp<i64>(row<i32>(lengths, 0)[b], 0, steps) : steps;
}

}  // namespace linocut::LINOCUT_NS::circulant

namespace linocut::LINOCUT_NS::circulant_spectra {

enum { WEIGHTS, SPECTRA };
enum { TURNED };

// A part is a row of a tile in all planes: blocks of outputs that one block of inputs goes to.
inline i64 units(const Call& call) {
    const Operand& spectra = call.operands[SPECTRA];
    return static_cast<i64>(spectra.shape[1]) * spectra.shape[2];
}

template <int K>
inline void run_of(const Call& call, i64 begin, i64 end) {
    const Operand &weights = call.operands[WEIGHTS], &spectra = call.operands[SPECTRA];
    const bool turned = call.attributes[TURNED] != 0.0;
    const i64 across = weights.shape[1], outputs = turned ? weights.shape[0] : weights.shape[1];
    const i64 tiles = spectra.shape[1], summed = spectra.shape[2];
    float* to = row<float>(spectra, 0);
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 at = unit / summed, j = unit % summed;
        for (i64 c = 0; c < circulant::tile; c += lanes) {
            alignas(64) float blocks[lanes * K] = {};
            for (i64 l = 0; l < lanes; ++l) {
                const i64 i = at * circulant::tile + c + l;
                if (i < outputs) load_floats(weights, turned ? i * across + j : j * across + i, 0, K, blocks + l * K);
            }
            Vector x[K], found[K];
            circulant::load_blocks<K>(blocks, x);
            circulant::forward<K>(x, 1, found);
            for (int plane = 0; plane < K; ++plane) {
                const bool conjugate = turned && plane > 1 && plane % 2;
                const Vector scaled = found[plane] * splat((conjugate ? -1.0f : 1.0f) / static_cast<float>(K));
                std::memcpy(to + ((plane * tiles + at) * summed + j) * circulant::tile + c, &scaled, sizeof scaled);
            }
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[WEIGHTS].cols,
                       [&](auto size) { run_of<decltype(size)::value>(call, begin, end); });
}

}  // namespace linocut::LINOCUT_NS::circulant_spectra

namespace linocut::LINOCUT_NS::circulant_product {

enum { X, SPECTRA, BIAS, LENGTHS, Y };

inline constexpr i64 rows_at_once = 48;

inline i64 units(const Call& call) { return divide_up(call.operands[Y].rows, rows_at_once); }

// Rows of a part that come before the end of their sequences; those behind it are made 0.
inline i64 rows_within(const Call& call, i64 first, i64 count, i64* found) {
    const Operand &y = call.operands[Y], &lengths = call.operands[LENGTHS];
    const i64 steps = y.shape[1];
    i64 n = 0;
    for (i64 r = first; r < first + count; ++r) {
        if (r % steps < circulant::length_of(lengths, r / steps, steps)) {
            found[n++] = r;
        } else {
            const std::size_t size = y.format == Format::f16 ? sizeof(u16) : sizeof(float);
            std::memset(static_cast<u8*>(y.data) + static_cast<std::size_t>(r * y.cols) * size, 0,
                        static_cast<std::size_t>(y.cols) * size);
        }
    }
    return n;
}

template <int K>
inline void run_of(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &bias = call.operands[BIAS], &y = call.operands[Y];
    const circulant::Spectra spectra(call.operands[SPECTRA]);
    Workspace space(call);
    const circulant::Planes planes = circulant::take_planes<K>(space, rows_at_once, spectra.summed);
    float* line = space.several<float>(planes.blocks * K);
    auto& sums = space.take<circulant::Tiles<K, rows_at_once>>();
    float* out = space.several<float>(circulant::tile * K);
    for (i64 unit = begin; unit < end; ++unit) {
        i64 rows[rows_at_once];
        const i64 first = unit * rows_at_once;
        const i64 n = rows_within(call, first, least(rows_at_once, y.rows - first), rows);
        if (n == 0) continue;
        for (i64 r = 0; r < n; ++r) circulant::transform_columns<K>(x, rows[r], 0, x.cols, planes, r, line);
        circulant::each_output<K, rows_at_once>(planes, n, spectra, y.cols, sums, out,
                                                [&](i64 r, i64 at, i64 count, float* numbers) {
                                                    for (i64 c = 0; c < count; c += segment) {
                                                        const i64 some = least(segment, count - c);
                                                        if (given(bias)) {
                                                            float shifts[segment] = {};
                                                            load_floats(bias, 0, at + c, some, shifts);
                                                            for (i64 i = 0; i < some; ++i) numbers[c + i] += shifts[i];
                                                        }
                                                        store_floats(y, rows[r], at + c, some, numbers + c);
                                                    }
                                                });
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[SPECTRA].shape[0],
                       [&](auto size) { run_of<decltype(size)::value>(call, begin, end); });
}

}  // namespace linocut::LINOCUT_NS::circulant_product

namespace linocut::LINOCUT_NS::circulant_weight_gradient {

enum { DY, X, LENGTHS, DW };
enum { SHIFT, FIRST };

inline constexpr i64 rows_at_once = 32, blocks_at_once = 128;

// A part is 64 blocks of outputs by 128 of inputs, over all rows.
inline i64 units(const Call& call) {
    const Operand& dw = call.operands[DW];
    return divide_up(dw.shape[1], circulant::tile) * divide_up(dw.shape[0], blocks_at_once);
}

struct Step {
    i64 of_dy, of_x;  // rows
};

// Steps that take part, as many as go together; `next` is where to go on.
inline i64 steps_from(const Call& call, i64& next, Step* found) {
    const Operand &x = call.operands[X], &lengths = call.operands[LENGTHS];
    const i64 steps = x.shape[1], shift = static_cast<i64>(call.attributes[SHIFT]);
    i64 n = 0;
    for (; next < x.rows && n < rows_at_once; ++next) {
        const i64 length = circulant::length_of(lengths, next / steps, steps), at = next % steps;
        if (at < length && at - shift >= 0 && at - shift < length) found[n++] = {next, next - shift};
    }
    return n;
}

template <int K>
inline void run_of(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[DY], &x = call.operands[X], &dw = call.operands[DW];
    const i64 across = dw.shape[1], into = dw.shape[0], tiles = divide_up(across, circulant::tile);
    Workspace space(call);
    circulant::Planes inputs = circulant::take_planes<K>(space, rows_at_once, blocks_at_once);
    const circulant::Planes outputs = circulant::take_planes<K>(space, rows_at_once, circulant::tile);
    float* line = space.several<float>(blocks_at_once * K);
    auto& sums = space.take<circulant::Tiles<K, blocks_at_once>>();
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 i = unit % tiles * circulant::tile, j = unit / tiles * blocks_at_once;
        const i64 count = least(blocks_at_once, into - j), columns = least(circulant::tile, across - i);
        const i64 first = static_cast<i64>(call.attributes[FIRST]) + i * K;
        const i64 of_dy = least(columns * K, dy.cols - first), of_x = least(count * K, x.cols - j * K);
        inputs.blocks = circulant::padded(count);
        for (auto& plane : sums) std::memset(plane, 0, static_cast<std::size_t>(count) * sizeof plane[0]);
        Step steps[rows_at_once];
        for (i64 next = 0, n; (n = steps_from(call, next, steps)) > 0;) {
            for (i64 r = 0; r < n; ++r) {
                circulant::transform_columns<K>(dy, steps[r].of_dy, first, of_dy, outputs, r, line);
                circulant::transform_columns<K>(x, steps[r].of_x, j * K, of_x, inputs, r, line);
            }
            // conj(x) dy: re re + im im, re im - im re.
            const auto add = [&](int to, int plane_of_x, int plane_of_dy) {
                multiply_tile(count, inputs.turned(plane_of_x, 0),
                              reinterpret_cast<const float (*)[circulant::tile]>(outputs.at(plane_of_dy, 0)), n,
                              sums[to], columns);
            };
            add(0, 0, 0);
            if constexpr (K > 1) add(1, 1, 1);
            for (int m = 1; m < K / 2; ++m) {
                const int re = 2 * m, im = 2 * m + 1, negated = K + m - 1;
                add(re, re, re);
                add(re, im, im);
                add(im, re, im);
                add(im, negated, re);
            }
        }
        for (i64 q = 0; q < count; ++q) {
            circulant::transform_back<K, blocks_at_once>(sums, q, line);
            float* to = row<float>(dw, (j + q) * across + i);
            for (i64 c = 0; c < columns * K; ++c) to[c] = line[c] / static_cast<float>(K);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    circulant::of_size(call.operands[DW].cols, [&](auto size) { run_of<decltype(size)::value>(call, begin, end); });
}

}  // namespace linocut::LINOCUT_NS::circulant_weight_gradient
