// pruned_conv2d: a convolution of bits of which kept words alone are multiplied (src/linocut/ops/pruned_conv2d.py).
//
//   y = n - 2 popcount((x ^ w) & kept) over the words of an output's list, n = its kept lanes that are seen
//
// How:   of 16 pixels the words of all taps that any output keeps are gathered into planes, a word of each pixel side
//        by side, 0 where a tap sees nothing; an output then goes through its list. What the zeros count is taken off:
//        that is the same for all pixels that see through the same taps, and is kept for each such border.
// Limit: counts of bits (simd/kept).
#pragma once

#include "conv2d.hpp"
#include "outcome.hpp"
#include "pruned_words.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::pruned_conv2d {

enum { X, ENDS, LEAST, BITS, Y, PLACES, SIGNS, LANES, KEPT };
enum { STRIDE, PAD_TOP, PAD_LEFT, PARTS, PACKED };

using kept::Planes;
inline constexpr i64 pixels_of_unit = 64;
inline constexpr i64 borders = 2 * kept::pixels;

inline i64 units(const Call& call) { return divide_up(Outcome::output(call).rows, pixels_of_unit); }

// A word that is gathered: of a tap, `word` of its channels; joined words begin at the lane `place` of a pixel's.
struct Part {
    i32 row, column, word;
    i32 place;
    u64 lanes;
};

// What is gathered, in the order of taps.
struct Gathered {
    Part* parts;
    i64 count, places;
    bool joined;

    Gathered(const Call& call, const TapWords& tap, Part* room)
        : parts(room), count(0), places(0), joined(call.attributes[PACKED] != 0.0) {
        const Operand& kept_by_any = call.operands[KEPT];
        const i64 width = kept_by_any.shape[1];
        i64 lanes = 0;
        for (i64 t = 0; t < kept_by_any.rows; ++t) {
            const u64* chosen = bit_row(kept_by_any, t);
            const i32 row = static_cast<i32>(t / width), column = static_cast<i32>(t % width);
            for (i64 w = 0; w < (joined ? words(tap.channels) : tap.total); ++w) {
                const u64 some =
                    joined ? chosen[w] & copy_channels::bits_within(w * segment, 0, tap.channels) : tap.of(chosen, w);
                if (some == 0) continue;
                const i64 place = joined ? lanes : t * tap.total + w;
                parts[count++] = {row, column, static_cast<i32>(w), static_cast<i32>(place), some};
                lanes += __builtin_popcountll(some);
            }
        }
        places = joined ? words(lanes) : kept_by_any.rows * tap.total;
    }
};

// What a tap's zeros add to each output, [tap][output], and what all kept lanes come to without them.
struct Zeros {
    i32* of_tap;
    i32* all;
    i64 outputs;

    Zeros(const Call& call, const KeptLists& lists, const Gathered& gathered, const TapWords& tap, i32* room)
        : of_tap(room),
          all(room + call.operands[KEPT].rows * call.operands[ENDS].cols),
          outputs(call.operands[ENDS].cols) {
        std::memset(of_tap, 0, static_cast<std::size_t>(call.operands[KEPT].rows * outputs) * sizeof(i32));
        for (i64 n = 0; n < outputs; ++n) {
            const kept::Run run = lists.of(n);
            all[n] = 0;
            for (i64 e = 0; e < run.count; ++e) {
                all[n] += static_cast<i32>(__builtin_popcountll(run.lanes[e]));
                if (!gathered.joined) of_tap[run.place(e) / tap.total * outputs + n] += zeros(run, e, ~u64{0});
            }
        }
        if (gathered.joined) add_joined(call, lists, gathered);
    }

  private:
    // The sum of an entry's lanes whose inputs are -1, as zeros are taken.
    static i32 zeros(const kept::Run& run, i64 e, u64 some) {
        const u64 lanes = run.lanes[e] & some;
        return static_cast<i32>(__builtin_popcountll(lanes) - 2 * __builtin_popcountll(run.signs[e] & lanes));
    }

    void add_joined(const Call& call, const KeptLists& lists, const Gathered& gathered) {
        const i64 width = call.operands[KEPT].shape[1];
        for (i64 n = 0; n < outputs; ++n) {
            const kept::Run run = lists.of(n);
            i64 part = 0;
            for (i64 e = 0; e < run.count; ++e) {
                const i64 begin = run.place(e) * segment;
                if (e > 0 && run.place(e) < run.place(e - 1)) part = 0;
                while (part > 0 && gathered.parts[part].place > begin) --part;
                for (i64 p = part; p < gathered.count && gathered.parts[p].place < begin + segment; ++p) {
                    const Part& one = gathered.parts[p];
                    const u64 some =
                        copy_channels::bits_within(begin, one.place, one.place + __builtin_popcountll(one.lanes));
                    of_tap[(one.row * width + one.column) * outputs + n] += zeros(run, e, some);
                    part = p;
                }
            }
        }
    }
};

// What sums of pixels that see through the same taps begin at, of all outputs, and, where thresholds follow, their
// signs as they are where an output keeps nothing: of as many such sets of taps as fit.
struct Borders {
    i32* begin;
    u64* signs;
    Place like[borders];
    i64 known;

    static bool same(Span a, Span b) { return a.begin == b.begin && a.end == b.end; }

    // Room for those of a block of pixels, which stay where they are.
    void begin_block() {
        if (known + kept::pixels > borders) known = 0;
    }

    // The number of a pixel's border.
    i64 find(const Call& call, const Grid& grid, const Place& place, const Zeros& zeros) {
        for (i64 i = known - 1; i >= 0; --i)
            if (same(like[i].rows, place.rows) && same(like[i].columns, place.columns)) return i;
        like[known] = place;
        i32* found = begin + known * zeros.outputs;
        std::memcpy(found, zeros.all, static_cast<std::size_t>(zeros.outputs) * sizeof(i32));
        for (i64 tap = 0; tap < grid.taps(); ++tap) {
            if (sees(place, tap / grid.columns.taps, tap % grid.columns.taps)) continue;
            const i32* off = zeros.of_tap + tap * zeros.outputs;
            for (i64 n = 0; n < zeros.outputs; ++n) found[n] -= off[n];
        }
        const i64 blocks = words(zeros.outputs);
        for (i64 block = 0; given(call.operands[BITS]) && block < blocks; ++block) {
            const Outcome outcome(call, block);
            alignas(64) i32 sums[segment] = {};
            std::memcpy(sums, found + outcome.first, static_cast<std::size_t>(outcome.n) * sizeof(i32));
            signs[known * blocks + block] = bits_at_least(sums, outcome.least);
        }
        return known++;
    }
};

// Words of a pixel joined at a lane of its planes.
inline void join(Planes* planes, i64 m, i64 lane, u64 bits, i64 count) {
    const i64 place = lane / segment, shift = lane % segment;
    if (shift == 0) {
        planes[place][m] = bits;
        return;
    }
    planes[place][m] |= bits << shift;
    if (shift + count > segment) planes[place + 1][m] = bits >> (segment - shift);
}

// What a tap sees of each pixel, `nothing` where that is none.
inline void find_rows(const Grid& grid, const Place* places, i64 pixels, const Operand& x, i64 row, i64 column,
                      const u64* nothing, const u64** found) {
    const i64 beside = words(x.cols);
    for (i64 m = 0; m < pixels; ++m) {
        const Place& at = places[m];
        const i64 pixel = (at.example * grid.rows.size + at.row + row) * grid.columns.size + at.column + column;
        found[m] = sees(at, row, column) ? bit_row(x, 0) + pixel * beside : nothing;
    }
}

inline void gather(const Grid& grid, const Place* places, i64 pixels, const Operand& x, const TapWords& tap,
                   const Gathered& gathered, const u64* nothing, Planes* planes) {
    const u64* rows[kept::pixels];
    i32 row = -1, column = -1;
    for (i64 p = 0; p < gathered.count; ++p) {
        const Part& part = gathered.parts[p];
        if (part.row != row || part.column != column)
            find_rows(grid, places, pixels, x, part.row, part.column, nothing, rows);
        row = part.row;
        column = part.column;
        if (gathered.joined) {
            const i64 count = __builtin_popcountll(part.lanes);
            for (i64 m = 0; m < pixels; ++m)
                join(planes, m, part.place, kept::compress(rows[m][part.word], part.lanes), count);
            continue;
        }
        u64* plane = planes[part.place];
        const i64 first = tap.first(part.word), word = first / segment, shift = first % segment;
        const u64 lanes = tap.lanes(part.word);
        if (shift == 0) {
            for (i64 m = 0; m < pixels; ++m) plane[m] = rows[m][word] & lanes;
        } else if (word + 1 < words(x.cols)) {
            for (i64 m = 0; m < pixels; ++m)
                plane[m] = (rows[m][word] >> shift | rows[m][word + 1] << (segment - shift)) & lanes;
        } else {
            for (i64 m = 0; m < pixels; ++m) plane[m] = rows[m][word] >> shift & lanes;
        }
    }
}

inline void store_reals(const Operand& y, i64 pixel, i64 first, i64 n, const i32* sums) {
    float reals[segment];
    for (i64 c = 0; c < n; ++c) reals[c] = static_cast<float>(sums[c]);
    store_floats(y, pixel, first, n, reals);
}

// The memory of a thread.
struct Room {
    Place* places;
    Part* parts;
    Planes* planes;
    i32* zeros;
    i32 (*sums)[segment];  // of each pixel
    Borders& borders_of;
    i32* begin;
    u64* signs;
    i32* busy;     // outputs that keep anything
    u64* nothing;  // a row of zeros

    Room(Workspace space, i64 all_words, i64 taps, i64 outputs, i64 row_words)
        : places(space.several<Place>(kept::pixels)),
          parts(space.several<Part>(all_words)),
          planes(space.several<Planes>(all_words + 1)),
          zeros(space.several<i32>((taps + 1) * outputs)),
          sums(space.several<i32[segment]>(kept::pixels)),
          borders_of(space.take<Borders>()),
          begin(space.several<i32>(borders * outputs)),
          signs(space.several<u64>(borders * words(outputs))),
          busy(space.several<i32>(outputs)),
          nothing(space.several<u64>(row_words)) {
        std::memset(nothing, 0, static_cast<std::size_t>(row_words) * sizeof(u64));
    }
};

// What outputs have of a block of pixels.
struct Block {
    i64 pixels;
    bool alike;                // all of one border
    i64 border[kept::pixels];  // of each pixel
    const i32* begin[kept::pixels];
};

// The outputs [first, last) of a list that keep anything are those of the block of 64 that begins at an output.
inline i64 busy_until(const i32* busy, i64 count, i64 from, i64 first) {
    while (from < count && busy[from] < first + segment) ++from;
    return from;
}

// The bits of an output, whose sums are at least a bound, into a word of each pixel: all that a block may have.
inline void put_signs(const Block& block, i64 n, i32 bound, const i32* ones, u64* found) {
    const u64 bit = u64{1} << n % segment;
    alignas(64) i32 begin[kept::pixels];
    for (i32& one : begin) one = block.begin[0][n];
    for (i64 m = 0; !block.alike && m < kept::pixels; ++m) begin[m] = block.begin[m][n];
    alignas(64) i64 reaches[kept::pixels];
    for (i64 m = 0; m < kept::pixels; ++m) reaches[m] = begin[m] - 2 * ones[m] >= bound ? -1 : 0;
    for (i64 m = 0; m < kept::pixels; ++m) found[m] = (found[m] & ~bit) | (static_cast<u64>(reaches[m]) & bit);
}

inline void store_signs(const Call& call, const KeptLists& lists, const Zeros& zeros, const Block& block, i64 count,
                        Room& room) {
    const Operand &bits = call.operands[BITS], &least_of = call.operands[LEAST];
    const i64 blocks = words(zeros.outputs);
    for (i64 word = 0, from = 0; word < blocks; ++word) {
        const i64 until = busy_until(room.busy, count, from, word * segment);
        alignas(64) u64 found[kept::pixels];
        for (i64 m = 0; m < kept::pixels; ++m) found[m] = room.signs[block.border[m] * blocks + word];
        for (; from < until; ++from) {
            const i64 n = room.busy[from];
            alignas(64) i32 ones[kept::pixels];
            kept::count(room.planes, lists.of(n), ones);
            put_signs(block, n, row<i32>(least_of, 0)[n], ones, found);
        }
        for (i64 m = 0; m < block.pixels; ++m) bit_row(bits, room.places[m].pixel)[word] = found[m];
    }
}

inline void store_sums(const Call& call, const KeptLists& lists, const Zeros& zeros, const Block& block, i64 count,
                       Room& room) {
    const Operand& y = call.operands[Y];
    const bool reals = y.format == Format::f32 || y.format == Format::f16;
    for (i64 first = 0, from = 0; first < zeros.outputs; first += segment) {
        const i64 n = least(segment, zeros.outputs - first), until = busy_until(room.busy, count, from, first);
        for (i64 m = 0; m < block.pixels; ++m) {
            if (n == segment) {
                std::memcpy(room.sums[m], block.begin[m] + first, sizeof room.sums[m]);
                continue;
            }
            for (i64 c = 0; c < segment; ++c) room.sums[m][c] = c < n ? block.begin[m][first + c] : 0;
        }
        for (; from < until; ++from) {
            i32 ones[kept::pixels];
            kept::count(room.planes, lists.of(room.busy[from]), ones);
            const i64 c = room.busy[from] - first;
            for (i64 m = 0; m < kept::pixels; ++m) room.sums[m][c] -= 2 * ones[m];
        }
        const Outcome outcome(call, first / segment);
        for (i64 m = 0; m < block.pixels; ++m) {
            if (reals) {
                store_reals(y, room.places[m].pixel, first, n, room.sums[m]);
            } else {
                outcome.store(room.places[m].pixel, room.sums[m]);
            }
        }
    }
}

inline void run_block(const Call& call, const Grid& grid, const KeptLists& lists, const Zeros& zeros, i64 pixels,
                      i64 count, Room& room) {
    Block block;
    block.pixels = pixels;
    room.borders_of.begin_block();
    block.alike = true;
    for (i64 m = 0; m < kept::pixels; ++m) {  // beyond the last as that
        block.border[m] = m < pixels ? room.borders_of.find(call, grid, room.places[m], zeros) : block.border[m - 1];
        block.begin[m] = room.begin + block.border[m] * zeros.outputs;
        block.alike = block.alike && block.border[m] == block.border[0];
    }
    if (given(call.operands[BITS])) {
        store_signs(call, lists, zeros, block, count, room);
    } else {
        store_sums(call, lists, zeros, block, count, room);
    }
}

// Which outputs keep anything; how many there are.
inline i64 find_busy(const KeptLists& lists, i64 outputs, i32* busy) {
    i64 count = 0;
    for (i64 n = 0; n < outputs; ++n) {
        busy[count] = static_cast<i32>(n);
        count += lists.of(n).count > 0;
    }
    return count;
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &kept_by_any = call.operands[KEPT], &y = Outcome::output(call);
    const Window window{kept_by_any.shape[0], kept_by_any.shape[1], static_cast<i64>(call.attributes[STRIDE]),
                        static_cast<i64>(call.attributes[PAD_TOP]), static_cast<i64>(call.attributes[PAD_LEFT])};
    const Grid grid = forward_grid(x, window, y);
    const TapWords tap(x.cols, call.attributes[PARTS]);
    const i64 taps = kept_by_any.rows, all_words = taps * (words(x.cols) + 1);
    Room room(Workspace(call), all_words, taps, call.operands[ENDS].cols, words(x.cols));
    const Gathered gathered(call, tap, room.parts);
    const KeptLists lists{call.operands[ENDS], call.operands[PLACES], call.operands[SIGNS], call.operands[LANES],
                          most<i64>(0, gathered.places - 1)};
    const Zeros zeros(call, lists, gathered, tap, room.zeros);
    room.borders_of.begin = room.begin;
    room.borders_of.signs = room.signs;
    room.borders_of.known = 0;
    const i64 busy = find_busy(lists, zeros.outputs, room.busy);
    const i64 stop = least(y.rows, end * pixels_of_unit);
    for (i64 pixel = begin * pixels_of_unit; pixel < stop; pixel += kept::pixels) {
        const i64 pixels = least(kept::pixels, stop - pixel);
        locate(grid, pixel, pixels, room.places);
        gather(grid, room.places, pixels, x, tap, gathered, room.nothing, room.planes);
        run_block(call, grid, lists, zeros, pixels, busy, room);
    }
}

}  // namespace linocut::LINOCUT_NS::pruned_conv2d
