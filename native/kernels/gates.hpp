// What recurrent kernels share: sigmoid and tanh in f32, gates in any format, and the steps of some sequences.
#pragma once

#include "circulant.hpp"

namespace linocut::LINOCUT_NS::gates {

inline constexpr i64 rows_at_once = 16;  // sequences that are stepped through together

// e^x, of x within -87 and 87, to 2e-7 of it; not a number for what is none. Without branches, so that loops of it
// become vectors, and always inline, as a loop that calls is none. What is added to x / ln 2 leaves the nearest whole
// number in the lowest bits of the sum, from where it becomes an exponent. Products that do not wait for each other
// come first.
[[gnu::always_inline]] inline float exponential_of(float value) {
    constexpr float whole = 12582912.0f;  // 1.5 * 2^23
    const float below = value > 87.0f ? 87.0f : value, x = below < -87.0f ? -87.0f : below;
    const float shifted = multiply_add(x, 1.44269504f, whole), k = shifted - whole;
    const float r = multiply_add(k, -1.42860677e-6f, multiply_add(k, -0.693145752f, x)), square = r * r;
    const float first = r + 1.0f, third = multiply_add(r, 1.0f / 6.0f, 0.5f);
    const float fifth = multiply_add(r, 1.0f / 120.0f, 1.0f / 24.0f);
    const float high = multiply_add(multiply_add(square, 1.0f / 720.0f, fifth), square, third);
    return multiply_add(high, square, first) *
           __builtin_bit_cast(float, (__builtin_bit_cast(u32, shifted) << 23) + (u32{127} << 23));
}

[[gnu::always_inline]] inline float sigmoid_of(float x) { return 1.0f / (1.0f + exponential_of(-x)); }

[[gnu::always_inline]] inline float tanh_of(float x) {
    const float size = std::fabs(x), power = exponential_of(-2.0f * size), square = x * x;
    const float far = __builtin_copysignf((1.0f - power) / (1.0f + power), x);
    const float near = multiply_add(-x * square, multiply_add(square, -2.0f / 15.0f, 1.0f / 3.0f), x);
    return size < 0.03f ? near : far;
}

// Elements [first, first + n) of a row, n <= 64, fixed-point ones in real units.
inline void load_scaled(const Operand& from, i64 index, i64 first, i64 n, float* out) {
    if (from.format == Format::q7) {
        const i8* in = row<i8>(from, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]) / 127.0f;
    } else {
        load_floats(from, index, first, n, out);
        if (from.format == Format::q15) {
            for (i64 i = 0; i < n; ++i) out[i] /= 32767.0f;
        }
    }
}

inline void store_scaled(const Operand& to, i64 index, i64 first, i64 n, const float* in) {
    if (to.format == Format::q7) {
        i8* out = row<i8>(to, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = static_cast<i8>(std::floor(in[i] * 127.0f + 0.5f));
    } else if (to.format == Format::q15) {
        i16* out = row<i16>(to, index) + first;
        for (i64 i = 0; i < n; ++i) out[i] = static_cast<i16>(std::floor(in[i] * 32767.0f + 0.5f));
    } else {
        store_floats(to, index, first, n, in);
    }
}

// Rows of an operand (batch, steps, ...) of one sequence, behind its end: made 0.
inline void clear_rows(const Operand& of, i64 first, i64 count) {
    if (!given(of) || count <= 0) return;
    i64 bytes = 4;
    if (of.format == Format::f16 || of.format == Format::q15) bytes = 2;
    if (of.format == Format::q7) bytes = 1;
    std::memset(static_cast<u8*>(of.data) + first * of.cols * bytes, 0,
                static_cast<std::size_t>(count * of.cols * bytes));
}

// Some sequences: where each begins, and how many steps it has.
struct Sequences {
    i64 first, count, steps, longest = 0;
    i64 lengths[rows_at_once];
    bool backwards;

    Sequences(const Operand& of_lengths, i64 unit, i64 batch, i64 most_steps, bool turned)
        : first(unit * rows_at_once), count(least(rows_at_once, batch - first)), steps(most_steps), backwards(turned) {
        for (i64 i = 0; i < count; ++i) {
            lengths[i] = circulant::length_of(of_lengths, first + i, steps);
            longest = most(longest, lengths[i]);
        }
    }

    // Rows behind the end, of whatever operands.
    template <class Each>
    void each_end(const Each& each) const {
        for (i64 i = 0; i < count; ++i) each((first + i) * steps + lengths[i], steps - lengths[i]);
    }
};

// A step of those sequences that have it: which they are, the row of each in operands, and that of the step before.
struct Step {
    i64 count = 0;
    i64 sequences[rows_at_once], rows[rows_at_once], before[rows_at_once];

    Step(const Sequences& all, i64 step) {
        for (i64 i = 0; i < all.count; ++i) {
            if (step >= all.lengths[i]) continue;
            const i64 begin = (all.first + i) * all.steps;
            sequences[count] = all.first + i;
            rows[count] = begin + (all.backwards ? all.lengths[i] - 1 - step : step);
            before[count] = step == 0 ? -1 : rows[count] + (all.backwards ? 1 : -1);
            ++count;
        }
    }
};

inline void add(float* to, const float* a, const float* b, i64 n) {
    for (i64 i = 0; i < n; ++i) to[i] = a[i] + b[i];
}

// The columns [first, first + of each row) of `work` as rows of planes; `line` has room for a row.
template <int K>
inline void transform_rows(const Step& step, const Operand& work, i64 first, i64 count, const circulant::Planes& to,
                           float* line) {
    for (i64 r = 0; r < step.count; ++r)
        circulant::transform_columns<K>(work, step.sequences[r], first, count, to, r, line);
}

}  // namespace linocut::LINOCUT_NS::gates
