// norm_gradient_sums: per channel sum g, sum g u, max |g|, and omega (l1) or sum u and sum u^2 (scaled l1), u being x^,
// a level of x or x - beta. Two phases: parts of the rows; all.
#pragma once

#include "gradient_mask.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::norm_gradient_sums {

enum { DX, X, MASK, HALF, BETA, OMEGA, SUMS, WORK };
enum { total, product, largest, third, square, quantities };  // in `work`: third is sum |x| or sum u

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }

struct Sums {
    double total[segment] = {}, product[segment] = {}, largest[segment] = {}, third[segment] = {}, square[segment] = {};
};

// Sums of dX's width, over as many rows as they hold: |g u| < 2^15 19 in 32 bits, <= 127 19 in 16.
template <class T>
inline constexpr i64 summed_rows = 3072;
template <>
inline constexpr i64 summed_rows<i8> = 13;

template <class T, class Sum, bool both>
inline void integer_sums(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
    T g[segment], u[segment], high[segment] = {}, low[segment] = {};
    for (i64 r = unit.begin; r < unit.end;) {
        const i64 stop = least(unit.end, r + summed_rows<T>);
        Sum total[segment] = {}, product[segment] = {}, third[segment] = {}, square[segment] = {};
        for (; r < stop; ++r) {
            from.mantissas(r, g);
            from.partners(r, u);
            for (i64 c = 0; c < segment; ++c) {
                high[c] = most(high[c], g[c]);
                low[c] = least(low[c], g[c]);
            }
            for (i64 c = 0; c < segment; ++c) {
                const Sum of_g = g[c], of_u = u[c];
                total[c] = static_cast<Sum>(total[c] + of_g);
                product[c] = static_cast<Sum>(product[c] + of_g * of_u);
                if constexpr (both) {
                    third[c] = static_cast<Sum>(third[c] + of_u);
                    square[c] = static_cast<Sum>(square[c] + of_u * of_u);
                }
            }
        }
        for (i64 c = 0; c < segment; ++c) {
            sums.total[c] += static_cast<double>(total[c]);
            sums.product[c] += static_cast<double>(product[c]);
            sums.third[c] += static_cast<double>(third[c]);
            sums.square[c] += static_cast<double>(square[c]);
        }
    }
    for (i64 c = 0; c < segment; ++c) sums.largest[c] = most(static_cast<i32>(high[c]), -static_cast<i32>(low[c]));
}

#if defined(__AVX2__)

// integer_sums of an i8 dX and of levels, 32 channels and two rows at a time: what the rows have side by side
// VPMADDUBSW adds, in registers throughout.
struct ByteSums {
    static constexpr i64 channels = 32, added_rows = 12;
    static_assert(added_rows * 127 * norm::beyond <= 32767);

    const norm::MaskedGradient& from;
    i64 first;  // of the segment
    __m256i high = _mm256_setzero_si256(), low = high;

    // What a row has: g, the size of u, and u and g with the sign of u.
    struct Row {
        __m256i g, size, u, product;
    };

    static __m256i chosen(i16 zero, i16 one, __m256i mask) {
        const __m256i differ = _mm256_set1_epi8(static_cast<i8>(zero ^ one));
        return _mm256_xor_si256(_mm256_set1_epi8(static_cast<i8>(zero)), _mm256_and_si256(differ, mask));
    }

    Row read(i64 r) {
        const auto of = [&](u64 bits) { return masks_of(static_cast<u32>(bits >> first)); };
        const __m256i below = of(~from.signs(r)), halves = of(bit_row(from.half, r)[from.word]);
        const __m256i inner = chosen(norm::far, norm::near, halves),
                      outer = chosen(norm::beyond, norm::next_to, halves);
        const __m256i inside = given(from.mask) ? of(bit_row(from.mask, r)[from.word]) : _mm256_set1_epi8(-1);
        const __m256i size = _mm256_blendv_epi8(outer, inner, inside);
        const __m256i g = _mm256_and_si256(load_whole(row<i8>(from.dx, r) + from.first + first), of(from.passing(r)));
        high = _mm256_max_epi8(high, g);
        low = _mm256_min_epi8(low, g);
        const auto negated = [&](__m256i v) { return _mm256_sub_epi8(_mm256_xor_si256(v, below), below); };
        return {g, size, negated(size), negated(g)};
    }

    // sums: total, product, third and square, each of channels 0 to 7 and 16 to 23, then of the others.
    static void add(const Row& a, const Row& b, __m256i (&sums)[4][2]) {
        const auto add_pairs = [](__m256i sizes, __m256i numbers, __m256i& sum) {
            sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(sizes, numbers));
        };
        const __m256i ones = _mm256_set1_epi8(1);
        unrolled<2>([&](auto h) {
            const auto beside = [&](__m256i v, __m256i w) {
                return h == 0 ? _mm256_unpacklo_epi8(v, w) : _mm256_unpackhi_epi8(v, w);
            };
            const __m256i size = beside(a.size, b.size);
            add_pairs(ones, beside(a.g, b.g), sums[0][h]);
            add_pairs(size, beside(a.product, b.product), sums[1][h]);
            add_pairs(ones, beside(a.u, b.u), sums[2][h]);
            add_pairs(size, size, sums[3][h]);
        });
    }

    // totals: those sums in 32 bits.
    void run(i64 begin, i64 end, i32 (*totals)[2][16]) {
        for (i64 r = begin; r < end;) {
            const i64 stop = least(end, r + added_rows);
            __m256i sums[4][2];
            unrolled<8>([&](auto i) { sums[i / 2][i % 2] = _mm256_setzero_si256(); });
            for (; r + 2 <= stop; r += 2) {
                const Row a = read(r), b = read(r + 1);
                add(a, b, sums);
            }
            if (r < stop) {
                const __m256i nothing = _mm256_setzero_si256();
                add(read(r++), {nothing, nothing, nothing, nothing}, sums);
            }
            unrolled<8>([&](auto i) {
                __m256i* to = reinterpret_cast<__m256i*>(totals[i / 2][i % 2]);
                const __m256i sum = sums[i / 2][i % 2];
                to[0] = _mm256_add_epi32(to[0], _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum)));
                to[1] = _mm256_add_epi32(to[1], _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum, 1)));
            });
        }
    }

    static bool fit(const norm::MaskedGradient& from, bool both) {
        return from.dx.format == Format::i8 && from.x.format == Format::bit && given(from.half) && both &&
               from.n == segment;
    }

    static void add_all(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
        for (i64 first = 0; first < segment; first += channels) {
            ByteSums bytes{from, first};
            for (i64 r = unit.begin; r < unit.end; r += norm::narrow_rows) {
                alignas(32) i32 totals[4][2][16] = {};
                bytes.run(r, least(unit.end, r + norm::narrow_rows), totals);
                for (i64 c = 0; c < channels; ++c) {
                    const i64 h = c / 8 % 2, at = c / 16 * 8 + c % 8;
                    sums.total[first + c] += totals[0][h][at];
                    sums.product[first + c] += totals[1][h][at];
                    sums.third[first + c] += totals[2][h][at];
                    sums.square[first + c] += totals[3][h][at];
                }
            }
            alignas(32) i8 high[channels], low[channels];
            _mm256_store_si256(reinterpret_cast<__m256i*>(high), bytes.high);
            _mm256_store_si256(reinterpret_cast<__m256i*>(low), bytes.low);
            for (i64 c = 0; c < channels; ++c) sums.largest[first + c] = most<i32>(high[c], -low[c]);
        }
    }
};

#else

struct ByteSums {
    static bool fit(const norm::MaskedGradient&, bool) { return false; }
    static void add_all(const norm::MaskedGradient&, const norm::Unit&, Sums&) {}
};

#endif

template <bool both>
inline void integer_sums(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
    from.dx.format == Format::i8 ? integer_sums<i8, i16, both>(from, unit, sums)
                                 : integer_sums<i16, i32, both>(from, unit, sums);
}

inline void float_sums(const norm::MaskedGradient& from, const norm::Unit& unit, bool sizes, bool both, Sums& sums) {
    float g[segment] = {}, u[segment] = {}, x[segment] = {}, largest[segment] = {};
    for (i64 r = unit.begin; r < unit.end; ++r) {
        from.floats(r, g, u);
        for (i64 c = 0; c < segment; ++c) {
            sums.total[c] += g[c];
            sums.product[c] += static_cast<double>(g[c]) * static_cast<double>(u[c]);
            largest[c] = most(largest[c], std::fabs(g[c]));
        }
        for (i64 c = 0; both && c < segment; ++c) {
            sums.third[c] += u[c];
            sums.square[c] += static_cast<double>(u[c]) * static_cast<double>(u[c]);
        }
        if (!sizes) continue;
        norm::load_row(from.x, r, from.first, from.n, x);
        for (i64 c = 0; c < segment; ++c) sums.third[c] += std::fabs(x[c]);
    }
    for (i64 c = 0; c < segment; ++c) sums.largest[c] = largest[c];
}

inline void do_part(const Call& call, const norm::Unit& unit) {
    const Operand &dx = call.operands[DX], &x = call.operands[X], &omega = call.operands[OMEGA];
    const norm::MaskedGradient from(dx, x, call.operands[MASK], call.operands[HALF], call.operands[BETA],
                                    call.attributes, unit);
    const bool both = call.attributes[0] == norm::scaled_l1;
    Sums sums;
    if (ByteSums::fit(from, both)) {
        ByteSums::add_all(from, unit, sums);
    } else if (is_integer(dx.format) && x.format == Format::bit) {
        both ? integer_sums<true>(from, unit, sums) : integer_sums<false>(from, unit, sums);
    } else {
        const bool sizes = call.attributes[0] == norm::l1 && x.format != Format::bit && !given(omega);
        float_sums(from, unit, sizes, both, sums);
    }
    const norm::Work work = work_of(call);
    work.put(total, unit, sums.total);
    work.put(product, unit, sums.product);
    work.put(largest, unit, sums.largest);
    work.put(third, unit, sums.third);
    work.put(square, unit, sums.square);
}

inline void do_channels(const Call& call, i64 first, i64 n) {
    const Operand &omega = call.operands[OMEGA], &out = call.operands[SUMS];
    const norm::Work work = work_of(call);
    Sums sums;
    work.total(total, first, n, sums.total);
    work.total(product, first, n, sums.product);
    work.total(third, first, n, sums.third);
    work.total(square, first, n, sums.square);
    for (i64 part = 0; part < work.parts; ++part) {
        const double* found = work.at(largest, part, first);
        for (i64 c = 0; c < n; ++c) sums.largest[c] = most(sums.largest[c], found[c]);
    }
    if (call.attributes[0] == norm::l1) {
        for (double& sum : sums.third) sum /= static_cast<double>(call.operands[DX].rows);
        if (given(omega)) norm::load_channels(omega, 0, first, n, sums.third);
    }
    const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(double);
    std::memcpy(row<double>(out, total) + first, sums.total, bytes);
    std::memcpy(row<double>(out, product) + first, sums.product, bytes);
    std::memcpy(row<double>(out, largest) + first, sums.largest, bytes);
    std::memcpy(row<double>(out, third) + first, sums.third, bytes);
    std::memcpy(row<double>(out, square) + first, sums.square, bytes);
}

inline i64 part_units(const Call& call) { return norm::units(call.operands[DX], work_of(call).parts); }
inline i64 channel_units(const Call& call) { return work_of(call).parts > 1 ? words(call.operands[DX].cols) : 0; }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit(call.operands[DX], work_of(call).parts, number);
        do_part(call, unit);
        if (work_of(call).parts == 1) do_channels(call, unit.first, unit.n);
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    const i64 channels = call.operands[DX].cols;
    for (i64 word = begin; word < end; ++word)
        do_channels(call, word * segment, least(segment, channels - word * segment));
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::norm_gradient_sums
