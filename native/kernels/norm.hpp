// What the batch norm kernels share (src/linocut/ops/norm.py). They go through 64 channels, one word of bits, at a
// time.
#pragma once

#include "fold.hpp"
#include "sixteens.hpp"

namespace linocut::LINOCUT_NS::norm {

inline constexpr double l1 = 1.0, l2 = 2.0, scaled_l1 = 3.0;
inline constexpr double sigmas = 1.2533141373155003;  // sqrt(pi / 2)
inline constexpr double epsilon = 1e-5;
inline constexpr i16 near = 2, far = 6, next_to = 11, beyond = 19;  // levels of |x|, in eighths

// Rows over which sums of 16-bit integers stay within 32 bits, and counts within 16.
inline constexpr i64 narrow_rows = 16384;

// A unit is 64 channels of one part of the rows. Units that follow each other share rows, which then are in the cache.
struct Unit {
    i64 word, first, n;    // channels [first, first + n)
    i64 part, begin, end;  // rows [begin, end)

    Unit(const Operand& elements, i64 parts, i64 number) {
        const i64 across = words(elements.cols);
        word = number % across;
        first = word * segment;
        n = least(segment, elements.cols - first);
        part = number / across;
        begin = part * elements.rows / parts;
        end = (part + 1) * elements.rows / parts;
    }

    // Of the 64 elements of an array: n of them, up to whole vectors.
    i64 used() const { return divide_up(n, 16) * 16; }
};

// The real parts of complex channels alone, to divide them.
inline Operand half_of(const Operand& both) { return {both.data, both.format, both.rows, both.cols / 2, nullptr}; }

inline i64 units(const Operand& elements, i64 parts) { return parts * words(elements.cols); }

// Parts for kernels that do not sum: so few that the number of one times the rows fits 64 bits.
inline i64 blocks(const Operand& elements) { return least<i64>(divide_up(elements.rows, 512), 65536); }

// The operand `work`: row i parts + p is quantity i of part p.
struct Work {
    const Operand& operand;
    i64 parts;

    Work(const Operand& work, i64 quantities) : operand(work), parts(work.rows / quantities) {}

    double* at(i64 quantity, i64 part, i64 first) const {
        return row<double>(operand, quantity * parts + part) + first;
    }

    void put(i64 quantity, const Unit& unit, const double* values) const {
        const i64 n = least(unit.n, operand.cols - unit.first);
        std::memcpy(at(quantity, unit.part, unit.first), values, static_cast<std::size_t>(n) * sizeof(double));
    }

    // The parts added in order.
    void total(i64 quantity, i64 first, i64 n, double* sums) const {
        for (i64 c = 0; c < segment; ++c) sums[c] = 0.0;
        for (i64 part = 0; part < parts; ++part) {
            const double* values = at(quantity, part, first);
            for (i64 c = 0; c < n; ++c) sums[c] += values[c];
        }
    }
};

// visit(first channel, how many) for words [begin, end) of channels.
template <class Visit>
inline void each_word(const Operand& elements, i64 begin, i64 end, const Visit& visit) {
    for (i64 word = begin; word < end; ++word) {
        visit(word * segment, least(segment, elements.cols - word * segment));
    }
}

// Rows of up to 64 channels as floats and back; the usual 64 are a loop whose length the compiler knows.
inline void load_row(const Operand& from, i64 r, i64 first, i64 n, float* out) {
    if (n == segment) {
        load_floats(from, r, first, segment, out);
    } else {
        load_floats(from, r, first, n, out);
    }
}

inline void store_row(const Operand& to, i64 r, i64 first, i64 n, const float* in) {
    if (n == segment) {
        store_floats(to, r, first, segment, in);
    } else {
        store_floats(to, r, first, n, in);
    }
}

// The channel of the whole layer that channel 0 of y is, where y has a group of them only: a multiple of 32.
inline i64 first_channel(double attribute) { return static_cast<i64>(attribute); }

// Numbers per channel, as floats are stored.
inline void store_channels(const Operand& to, i64 index, i64 first, i64 n, const double* in) {
    float values[segment];
    for (i64 c = 0; c < segment; ++c) values[c] = static_cast<float>(in[c]);
    store_floats(to, index, first, n, values);
}

inline void load_channels(const Operand& from, i64 index, i64 first, i64 n, double* out) {
    float values[segment] = {};
    load_floats(from, index, first, n, values);
    for (i64 c = 0; c < segment; ++c) out[c] = values[c];
}

// What x is divided by: psi, as it is stored, or the square root of variance + epsilon as an f32.
inline void divisors(const Operand& stats, i64 first, i64 n, double kind, double* by) {
    load_channels(stats, 1, first, n, by);
    if (kind != l2) return;
    for (i64 c = 0; c < segment; ++c) by[c] = static_cast<double>(static_cast<float>(std::sqrt(by[c] + epsilon)));
}

// 0 for a channel that does not vary: it outputs beta and passes no gradient.
inline void reciprocals(const Operand& stats, i64 first, i64 n, double kind, double* inverse) {
    divisors(stats, first, n, kind, inverse);
    for (i64 c = 0; c < segment; ++c) inverse[c] = inverse[c] > 0.0 ? 1.0 / inverse[c] : 0.0;
}

// x = (y - mu) / divisor + beta for up to 64 channels, in 32-bit floats. A norm without beta has zeros.
struct Normaliser {
    float mean[segment] = {}, inverse[segment] = {}, beta[segment] = {};

    Normaliser(const Operand& stats, const Operand& shift, const Fold& fold, i64 first, i64 n, double kind) {
        n = least(n, fold.cols);
        load_floats(stats, 0, first, n, mean);
        if (given(shift)) load_floats(shift, 0, first, n, beta);
        double exact[segment];
        reciprocals(stats, first, n, kind, exact);
        for (i64 c = 0; c < segment; ++c) inverse[c] = static_cast<float>(exact[c]);
        fold.repeat(mean);
        fold.repeat(inverse);
        fold.repeat(beta);
    }

    // The same in vectors.
    template <class S>
    [[gnu::always_inline]] void apply(const Operand& y, i64 r, i64 first, sixteens::Row<S>& x) const {
        sixteens::load<S>(y, r, first, x);
        unrolled<sixteens::vectors>([&](auto v) {
            const auto of = [&](const float* numbers) { return S::load(numbers + 16 * v); };
            x[v] = (x[v] - of(mean)) * of(inverse) + of(beta);
        });
    }

    void apply(const Operand& y, i64 r, i64 first, i64 n, float* x) const {
        load_row(y, r, first, n, x);
        for (i64 c = 0; c < segment; ++c) x[c] = (x[c] - mean[c]) * inverse[c] + beta[c];
    }
};

}  // namespace linocut::LINOCUT_NS::norm
