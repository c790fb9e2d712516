// norm_gradient_sums: per channel sum g, sum g u, max |g|, and omega (l1) or sum u and sum u^2 (scaled l1), u being x^,
// a level of x or x - beta. Two phases: parts of the rows; all.
#pragma once

#include "gradient_mask.hpp"
#include "ordered_sums.hpp"
#include "unroll.hpp"

namespace linocut::LINOCUT_NS::norm_gradient_sums {

enum { DX, X, MASK, HALF, BETA, OMEGA, SUMS, WORK };
enum { total, product, largest, third, square, quantities };  // in `work`: third is sum |x| or sum u

inline norm::Work work_of(const Call& call) { return norm::Work(call.operands[WORK], quantities); }

struct Sums {
    double totals[2][segment] = {}, largest[segment] = {}, thirds[2][segment] = {};
    double *total = totals[0], *product = totals[1], *third = thirds[0], *square = thirds[1];

    Sums() = default;
    Sums(const Sums&) = delete;  // they point into themselves

    // Of each channel: where integers or whole numbers were added up in any order.
    void add_up(const Fold& fold) {
        double* all[] = {total, product, third, square};
        for (double* one : all) fold.add_up(one);
        for (i64 c = fold.cols; fold.times > 1 && c < segment; ++c) {
            largest[c % fold.cols] = most(largest[c % fold.cols], largest[c]);
        }
    }
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

// integer_sums of an i4 or i8 dX and of levels, by the instruction set's vectors of bytes, two rows at a time: what the
// rows have side by side is multiplied and added, in registers throughout.
template <class B>
struct ByteSums {
    using V = typename B::V;
    static constexpr i64 added_rows = 12;
    static_assert(added_rows * 127 * norm::beyond <= 32767);

    const norm::MaskedGradient& from;
    i64 first;  // of the segment
    V high = B::zero(), low = high;

    // What a row has: g, the size of u, and u and g with the sign of u.
    struct Row {
        V g, size, u, product;
    };

    static V chosen(i16 zero, i16 one, V mask) {
        const V differ = B::all(static_cast<i8>(zero ^ one));
        return B::differing(B::all(static_cast<i8>(zero)), B::both(differ, mask));
    }

    // Row i of `bits`, the rows from r on.
    Row read(i64 r, const norm::RowBits& bits, i64 i) {
        const auto of = [&](u64 word) { return B::masks(word >> first); };
        const V below = of(~bits.positive[i]), halves = of(bits.nearer[i]);
        const V inner = chosen(norm::far, norm::near, halves), outer = chosen(norm::beyond, norm::next_to, halves);
        const V size = B::choose(outer, inner, of(bits.inside[i]));
        const V g = B::both(mantissas(r + i), of(bits.passing[i]));
        high = B::larger(high, g);
        low = B::smaller(low, g);
        const auto negated = [&](V v) { return B::subtract(B::differing(v, below), below); };
        return {g, size, negated(size), negated(g)};
    }

    V mantissas(i64 r) const {
        if (from.dx.format == Format::i8) return B::load(row<i8>(from.dx, r) + from.first + first);
        alignas(64) i8 bytes[B::count];
        unpack_pairs(nibble_row(from.dx, r, from.first + first), B::count / 2, bytes);
        return B::load(bytes);
    }

    // sums: total, product, third and square, each of one half of the channels, then of the other.
    static void add(const Row& a, const Row& b, V (&sums)[4][2]) {
        const V ones = B::all(1);
        unrolled<2>([&](auto h) {
            const auto beside = [&](V v, V w) { return B::template beside<h == 1>(v, w); };
            const V size = beside(a.size, b.size);
            sums[0][h] = B::add_pairs(sums[0][h], ones, beside(a.g, b.g));
            sums[1][h] = B::add_pairs(sums[1][h], size, beside(a.product, b.product));
            sums[2][h] = B::add_pairs(sums[2][h], ones, beside(a.u, b.u));
            sums[3][h] = B::add_pairs(sums[3][h], size, size);
        });
    }

    // totals: those sums in 32 bits.
    void run(i64 begin, i64 end, i32 (*totals)[2][B::count / 2]) {
        static_assert(added_rows <= norm::RowBits::most_rows);
        norm::RowBits bits;
        for (i64 r = begin; r < end; r += added_rows) {
            const i64 rows = least(added_rows, end - r);
            from.take_bits(r, rows, bits);
            V sums[4][2];
            unrolled<8>([&](auto i) { sums[i / 2][i % 2] = B::zero(); });
            i64 i = 0;
            for (; i + 2 <= rows; i += 2) {
                const Row a = read(r, bits, i), b = read(r, bits, i + 1);
                add(a, b, sums);
            }
            if (i < rows) add(read(r, bits, i), {B::zero(), B::zero(), B::zero(), B::zero()}, sums);
            unrolled<8>([&](auto i) { B::add_to(totals[i / 2][i % 2], sums[i / 2][i % 2]); });
        }
    }

    static void add_all(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
        for (i64 first = 0; first < segment; first += B::count) {
            ByteSums bytes{from, first};
            for (i64 r = unit.begin; r < unit.end; r += norm::narrow_rows) {
                alignas(64) i32 totals[4][2][B::count / 2] = {};
                bytes.run(r, least(unit.end, r + norm::narrow_rows), totals);
                for (i64 c = 0; c < B::count; ++c) {
                    const i64 h = c / 8 % 2, at = c / 16 * 8 + c % 8;
                    sums.total[first + c] += totals[0][h][at];
                    sums.product[first + c] += totals[1][h][at];
                    sums.third[first + c] += totals[2][h][at];
                    sums.square[first + c] += totals[3][h][at];
                }
            }
            alignas(64) i8 high[B::count], low[B::count];
            B::store(high, bytes.high);
            B::store(low, bytes.low);
            for (i64 c = 0; c < B::count; ++c) sums.largest[first + c] = most<i32>(high[c], -low[c]);
        }
    }
};

// Whether they are for such sums, and were added.
template <class B>
inline bool add_bytes(const norm::MaskedGradient& from, const norm::Unit& unit, bool both, Sums& sums) {
    if constexpr (B::usable) {
        const bool levels = from.x.format == Format::bit && given(from.half);
        if (from.dx.format == Format::i16 || !is_integer(from.dx.format) || !levels || !both || from.n != segment)
            return false;
        ByteSums<B>::add_all(from, unit, sums);
        return true;
    } else {
        return false;
    }
}

// float_sums of 16-bit gradients and levels, in vectors. Multiples of 2^-24 that add up to less than 2^29 are exact in
// doubles, in any order.
template <class S>
struct HalfSums {
    using F = typename S::F;
    static constexpr i64 doubles = 32 / ordered::at_once;  // vectors of them, of half a row
    static constexpr double exact_below = 0x1p29;
    static constexpr i64 block_rows = 8;  // whose floats are small beside the stack
    static_assert(block_rows <= norm::RowBits::most_rows);

    const norm::MaskedGradient& from;
    ordered::Doubles total[2][doubles] = {}, product[2][doubles] = {};
    float third[segment] = {}, square[segment] = {}, largest[segment] = {};

    void add_rows(i64 r, i64 rows) {
        norm::RowBits bits;
        alignas(64) float g[2][block_rows][32], products[2][block_rows][32];
        from.take_bits(r, rows, bits);
        F high[4], sum[4], squares[4];
        unrolled<4>([&](auto v) {
            high[v] = S::load(largest + 16 * v);
            sum[v] = S::load(third + 16 * v);
            squares[v] = S::load(square + 16 * v);
        });
        for (i64 i = 0; i < rows; ++i) {
            sixteens::Row<S> gradient, u;
            from.template sixteen<S>(r, i, bits, gradient, u);
            unrolled<4>([&](auto v) {
                high[v] = S::larger(high[v], S::size(gradient[v]));
                sum[v] += u[v];
                squares[v] += u[v] * u[v];
                S::store(&g[v / 2][i][v % 2 * 16], gradient[v]);
                S::store(&products[v / 2][i][v % 2 * 16], gradient[v] * u[v]);
            });
        }
        unrolled<4>([&](auto v) {
            S::store(largest + 16 * v, high[v]);
            S::store(third + 16 * v, sum[v]);
            S::store(square + 16 * v, squares[v]);
        });
        unrolled<2>([&](auto h) {
            add(g[h], rows, total[h]);
            add(products[h], rows, product[h]);
        });
    }

    static void add(const float (*values)[32], i64 rows, ordered::Doubles (&sums)[doubles]) {
        ordered::Doubles all[doubles];
        unrolled<doubles>([&](auto k) { all[k] = sums[k]; });
        for (i64 i = 0; i < rows; ++i)
            unrolled<doubles>([&](auto k) { all[k] += ordered::widened(values[i] + k * ordered::at_once); });
        unrolled<doubles>([&](auto k) { sums[k] = all[k]; });
    }

    // Whether the sums are exact, and were added.
    static bool add_all(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
        HalfSums all{from};
        for (i64 begin = unit.begin; begin < unit.end; begin += norm::narrow_rows) {  // whole numbers below 2^24
            const i64 end = least(unit.end, begin + norm::narrow_rows);
            std::memset(all.third, 0, sizeof all.third);
            std::memset(all.square, 0, sizeof all.square);
            for (i64 r = begin; r < end; r += block_rows) all.add_rows(r, least(block_rows, end - r));
            for (i64 c = 0; c < segment; ++c) {
                sums.third[c] += static_cast<double>(all.third[c]);
                sums.square[c] += static_cast<double>(all.square[c]);
            }
        }
        std::memcpy(sums.total, all.total, sizeof all.total);
        std::memcpy(sums.product, all.product, sizeof all.product);
        const double rows = static_cast<double>((unit.end - unit.begin) * from.fold.times);
        bool exact = true;
        for (i64 c = 0; c < segment; ++c) {
            sums.largest[c] = static_cast<double>(all.largest[c]);
            exact &= sums.largest[c] * rows * norm::beyond < exact_below && std::fabs(sums.product[c]) < exact_below;
        }
        if (!exact) clear(sums);
        return exact;
    }

    static void clear(Sums& sums) {
        for (i64 c = 0; c < segment; ++c) {
            sums.total[c] = sums.product[c] = sums.third[c] = sums.square[c] = sums.largest[c] = 0.0;
        }
    }
};

template <class S>
inline bool add_halves(const norm::MaskedGradient& from, const norm::Unit& unit, bool both, Sums& sums) {
    if constexpr (S::usable) {
        const bool halves = from.dx.format == Format::f16 && given(from.half) && both;
        return halves && from.in_sixteens<S>() && HalfSums<S>::add_all(from, unit, sums);
    } else {
        return false;
    }
}

template <bool both>
inline void integer_sums(const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
    from.dx.format == Format::i16 ? integer_sums<i16, i32, both>(from, unit, sums)
                                  : integer_sums<i8, i16, both>(from, unit, sums);
}

// Of x in floats: sums of u and of its squares, or of the sizes of x.
inline void add_partners(const norm::MaskedGradient& from, i64 r, i64 rows, const float* u, bool sizes, Sums& sums) {
    if (!sizes) {
        ordered::add_products(u, u, rows, segment, from.used, sums.thirds);
        return;
    }
    float x[segment] = {};
    for (i64 i = 0; i < rows; ++i) {
        norm::load_row(from.x, r + i, from.first, from.n, x);
        for (i64 c = 0; c < from.used; ++c) sums.third[c] += std::fabs(x[c]);
    }
}

// Whole numbers: in floats the sums of a block are exact.
inline void add_levels(i64 rows, const float* u, Sums& sums) {
    float total[segment] = {}, square[segment] = {};
    for (i64 i = 0; i < rows; ++i, u += segment) {
        for (i64 c = 0; c < segment; ++c) {
            total[c] += u[c];
            square[c] += u[c] * u[c];
        }
    }
    for (i64 c = 0; c < segment; ++c) {
        sums.third[c] += static_cast<double>(total[c]);
        sums.square[c] += static_cast<double>(square[c]);
    }
}

// The rows of a unit are folded; g and g u are added in the order of rows.
inline void float_sums(const norm::MaskedGradient& from, const norm::Unit& unit, bool sizes, bool both, Sums& sums) {
    ordered::Block g = {}, u = {};
    float largest[segment] = {};
    const bool bits = from.x.format == Format::bit;
    for (i64 r = unit.begin; r < unit.end; r += ordered::block_rows) {
        const i64 rows = least(ordered::block_rows, unit.end - r);
        for (i64 i = 0; i < rows; ++i) {
            float* row = g + i * segment;
            from.floats(r + i, row, u + i * segment);
            for (i64 c = 0; c < segment; ++c) largest[c] = most(largest[c], std::fabs(row[c]));
        }
        if (from.fold.times > 1) {
            const i64 cols = from.fold.cols;
            ordered::add_products(g, u, rows * from.fold.times, cols, cols, sums.totals);
        } else {
            ordered::add_products(g, u, rows, segment, from.used, sums.totals);
        }
        if (both && bits) {
            add_levels(rows, u, sums);
        } else if (both || sizes) {
            add_partners(from, r, rows, u, sizes, sums);
        }
    }
    for (i64 c = 0; c < segment; ++c) sums.largest[c] = static_cast<double>(largest[c]);
}

inline void add_part(const Call& call, const norm::MaskedGradient& from, const norm::Unit& unit, Sums& sums) {
    const bool bits = from.x.format == Format::bit, both = call.attributes[0] == norm::scaled_l1;
    if (add_bytes<Bytes>(from, unit, both, sums) || add_halves<Sixteen>(from, unit, both, sums)) return;
    if (is_integer(from.dx.format) && bits) {
        both ? integer_sums<true>(from, unit, sums) : integer_sums<false>(from, unit, sums);
    } else {
        const bool sizes = call.attributes[0] == norm::l1 && !bits && !given(call.operands[OMEGA]);
        float_sums(from, unit, sizes, both, sums);
    }
}

// Not of x in floats, whose partners are added up in the order of rows.
inline Fold fold_of(const Call& call) {
    const bool bits = call.operands[X].format == Format::bit;
    return bits ? Fold(call.operands[DX], work_of(call).parts) : Fold::none();
}
inline norm::Unit unit_of(const Call& call, i64 number) {
    return norm::Unit(fold_of(call).of(call.operands[DX]), work_of(call).parts, number);
}

inline void do_part(const Call& call, const norm::Unit& unit) {
    Sums sums;
    const norm::MaskedGradient from(call.operands[DX], call.operands[X], call.operands[MASK], call.operands[HALF],
                                    call.operands[BETA], call.attributes, fold_of(call), unit);
    add_part(call, from, unit, sums);
    sums.add_up(from.fold);
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
        for (double& sum : sums.thirds[0]) sum /= static_cast<double>(call.operands[DX].rows);
        if (given(omega)) norm::load_channels(omega, 0, first, n, sums.third);
    }
    const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(double);
    std::memcpy(row<double>(out, total) + first, sums.total, bytes);
    std::memcpy(row<double>(out, product) + first, sums.product, bytes);
    std::memcpy(row<double>(out, largest) + first, sums.largest, bytes);
    std::memcpy(row<double>(out, third) + first, sums.third, bytes);
    std::memcpy(row<double>(out, square) + first, sums.square, bytes);
}

inline i64 part_units(const Call& call) {
    return norm::units(fold_of(call).of(call.operands[DX]), work_of(call).parts);
}
inline i64 channel_units(const Call& call) { return work_of(call).parts > 1 ? words(call.operands[DX].cols) : 0; }

inline void run_parts(const Call& call, i64 begin, i64 end) {
    for (i64 number = begin; number < end; ++number) {
        const norm::Unit unit = unit_of(call, number);
        do_part(call, unit);
        if (work_of(call).parts > 1) continue;
        do_channels(call, unit.first, least(unit.n, call.operands[DX].cols - unit.first));
    }
}

inline void run_channels(const Call& call, i64 begin, i64 end) {
    norm::each_word(call.operands[DX], begin, end, [&](i64 first, i64 n) { do_channels(call, first, n); });
}

inline constexpr Units units[] = {part_units, channel_units};
inline constexpr Run run[] = {run_parts, run_channels};

}  // namespace linocut::LINOCUT_NS::norm_gradient_sums
