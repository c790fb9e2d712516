// complex_conv2d: y = sums over the taps of a window of inputs times weights, in complex numbers whose parts are bits
// (src/linocut/ops/complex_conv2d.py).
//
//   wr, wi and re, im bits of n numbers, chosen = wr ^ wi, both = wr ^ ((re ^ im) & chosen)
//   P = ones of both ^ re, q = ones of both ^ im ^ chosen;   re = 2 (q - P), im = 2 (n - P - q)
//
// In:    images of pixels, [re | im] bits of channels; weights (outputs, taps, [wr | wi]).
// How:   of a product one part is 0, so that two counts are enough, where four products of parts take four. The windows
// of
//        a block of pixels are gathered into rows, each part from a word of its own on; a unit is a block of outputs at
//        a block of pixels. Padding is gathered as zeros: what these count is taken off, by tap and output.
// Limit: counts of bits (simd/complex_bits).
#pragma once

#include "conv2d.hpp"
#include "workspace.hpp"

namespace linocut::LINOCUT_NS::complex_conv2d {

enum { X, WEIGHTS, Y };

using complex_bits::columns;
inline constexpr i64 outputs_of_unit = 128;
inline constexpr i64 panels_of_unit = outputs_of_unit / columns;
inline constexpr i64 pixels_of_unit = 192;
inline constexpr i64 pixels_together = 16;  // gathered at a time
inline constexpr i64 chunk_words = 80;      // of 64 numbers at a time
inline constexpr i64 known_taps = 32;       // whose counts of zeros are known at a time
static_assert(pixels_of_unit % pixels_together == 0 && pixels_together % complex_bits::rows_at_once == 0);

using Panels = u64[panels_of_unit][chunk_words * complex_bits::word_panel];
using Patches = u64[pixels_together][chunk_words * complex_bits::x_words];

// Counts of pixels for the outputs of a panel.
struct alignas(64) Tile {
    i32 p[pixels_together][columns], q[pixels_together][columns];
};

// What zeros in place of inputs count in a tap of an output.
struct alignas(64) Unseen {
    i32 p[known_taps][outputs_of_unit], q[known_taps][outputs_of_unit];
};

inline i64 units(const Call& call) {
    const Operand &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    return divide_up(weights.shape[0], outputs_of_unit) * divide_up(y.rows, pixels_of_unit);
}

// The bits of the parts of a row of channels, each part from a word of its own on.
struct Parts {
    i64 channels, depth, half, place, shift, last;
    u64 tail;  // of the last word of a part

    explicit Parts(i64 of)
        : channels(of),
          depth(words(of / 2)),
          half(of / 2),
          place(half / 64),
          shift(half % 64),
          last(words(of) - 1),
          tail(shift == 0 ? ~u64{0} : (u64{1} << shift) - 1) {}

    u64 cut(u64 bits, i64 k) const { return k + 1 < depth ? bits : bits & tail; }

    u64 real(const u64* row, i64 k) const { return cut(row[k], k); }

    u64 imaginary(const u64* row, i64 k) const {
        const i64 at = place + k;
        if (shift == 0) return row[at];
        const u64 above = at < last ? row[at + 1] << (64 - shift) : 0;
        return cut(row[at] >> shift | above, k);
    }
};

// Numbers of all taps of an output as words, those of a tap from one of its own on.
struct Taps {
    const Operand& weights;
    Parts parts;
    i64 depth;  // words of a tap

    explicit Taps(const Operand& given) : weights(given), parts(given.cols), depth(parts.depth) {}

    i64 count() const { return static_cast<i64>(weights.shape[1]) * weights.shape[2]; }
    i64 total() const { return count() * depth; }

    // visit(number of the word from the first on, wr, wr ^ wi) for words [some) of an output.
    template <class Visit>
    void each(i64 output, Span some, const Visit& visit) const {
        i64 tap = some.begin / depth, k = some.begin % depth;
        const u64* row = bit_row(weights, output * count() + tap);
        for (i64 w = 0; w < some.size(); ++w) {
            const u64 wr = parts.real(row, k);
            visit(w, wr, wr ^ parts.imaginary(row, k));
            if (++k < depth) continue;
            k = 0;
            row += parts.last + 1;
        }
    }
};

// `rows` has room for the words of a panel.
inline void pack(const Taps& taps, i64 first, Span some, u64 (*rows)[2][columns], Panels& panels) {
    const i64 outputs = taps.weights.shape[0];
    for (i64 p = 0; p < panels_of_unit && first + p * columns < outputs; ++p) {
        const i64 n = least(columns, outputs - first - p * columns);
        if (n < columns) std::memset(rows, 0, sizeof(rows[0]) * static_cast<std::size_t>(some.size()));
        for (i64 c = 0; c < n; ++c) {
            taps.each(first + p * columns + c, some, [&](i64 w, u64 wr, u64 chosen) {
                rows[w][0][c] = wr;
                rows[w][1][c] = chosen;
            });
        }
        for (i64 w = 0; w < some.size(); ++w)
            complex_bits::put_panel(rows[w][0], rows[w][1], panels[p] + w * complex_bits::word_panel);
    }
}

// Words [some) of what a pixel sees, 0 where that is nothing.
inline void gather(const Grid& grid, const Place& place, const Operand& x, const Parts& parts, Span some, u64* out) {
    const i64 depth = parts.depth, width = grid.columns.taps;
    for (i64 tap = some.begin / depth; tap * depth < some.end; ++tap) {
        const i64 r = tap / width, c = tap - r * width, from = most<i64>(0, some.begin - tap * depth);
        const i64 to = least(depth, some.end - tap * depth);
        if (!sees(place, r, c)) {
            for (i64 k = from; k < to; ++k, out += complex_bits::x_words) complex_bits::put_x(0, 0, out);
            continue;
        }
        const u64* row =
            bit_row(x, (place.example * grid.rows.size + place.row + r) * grid.columns.size + place.column + c);
        for (i64 k = from; k < to; ++k, out += complex_bits::x_words)
            complex_bits::put_x(parts.real(row, k), parts.imaginary(row, k), out);
    }
}

inline void multiply(const Patches& patches, i64 rows, const u64* panel, i64 count, Tile& tile) {
    constexpr int at_once = complex_bits::rows_at_once;
    for (i64 m = 0; m < rows; m += at_once) {  // up to whole groups: there are rows of any bits behind the last
        const u64* from[at_once];
        for (int i = 0; i < at_once; ++i) from[i] = patches[m + i];
        complex_bits::count<at_once>(from, panel, count, tile.p + m, tile.q + m);
    }
}

inline void find_unseen(const Taps& taps, i64 first, i64 outputs, Span some, Unseen& found) {
    if (outputs < outputs_of_unit) std::memset(&found, 0, sizeof found);
    for (i64 c = 0; c < outputs; ++c) {
        i32 p = 0, q = 0;
        i64 tap = 0, k = 0;
        taps.each(first + c, {some.begin * taps.depth, some.end * taps.depth}, [&](i64, u64 wr, u64 chosen) {
            p += __builtin_popcountll(wr);
            q += __builtin_popcountll(wr ^ chosen);
            if (++k < taps.depth) return;
            found.p[tap][c] = p;
            found.q[tap++][c] = q;
            p = q = 0;
            k = 0;
        });
    }
}

// What the zeros of pixels count that see through the same taps, of a block of outputs: kept, as few such sets of taps
// make up the border of an image.
struct Borders {
    static constexpr i64 most = 32;
    alignas(64) i32 p[most][outputs_of_unit];
    alignas(64) i32 q[most][outputs_of_unit];
    Place like[most];
    i64 known, next;

    static bool same(Span a, Span b) { return a.begin == b.begin && a.end == b.end; }

    i64 find(const Grid& grid, const Place& place, const Taps& taps, const Unseen& unseen) {
        for (i64 i = 0; i < known; ++i)
            if (same(like[i].rows, place.rows) && same(like[i].columns, place.columns)) return i;
        const i64 at = next;
        next = (next + 1) % most;
        known = least(most, known + 1);
        like[at] = place;
        std::memset(p[at], 0, sizeof p[at]);
        std::memset(q[at], 0, sizeof q[at]);
        for (i64 tap = 0; tap < taps.count(); ++tap) {
            if (sees(place, tap / grid.columns.taps, tap % grid.columns.taps)) continue;
            for (i64 o = 0; o < outputs_of_unit; ++o) p[at][o] -= unseen.p[tap][o];
            for (i64 o = 0; o < outputs_of_unit; ++o) q[at][o] -= unseen.q[tap][o];
        }
        return at;
    }
};

// The counts of zeros are taken off, of windows of more taps than are known at once: at `columns` outputs from `at` on.
inline void mend(const Grid& grid, const Place& place, Span some, const Unseen& unseen, i64 at, i32* p, i32* q) {
    for (i64 tap = some.begin; tap < some.end; ++tap) {
        if (sees(place, tap / grid.columns.taps, tap % grid.columns.taps)) continue;
        for (i64 o = 0; o < columns; ++o) p[o] -= unseen.p[tap - some.begin][at + o];
        for (i64 o = 0; o < columns; ++o) q[o] -= unseen.q[tap - some.begin][at + o];
    }
}

template <class T>
inline void store_some(const i32* sums, i64 n, T* out) {
    if (n == columns) {  // vectors
        for (i64 c = 0; c < columns; ++c) out[c] = static_cast<T>(sums[c]);
    } else {
        for (i64 c = 0; c < n; ++c) out[c] = static_cast<T>(sums[c]);
    }
}

inline void store_row(const Operand& y, i64 r, i64 first, i64 n, const i32* sums) {
    if (y.format == Format::i16) {
        store_some(sums, n, row<i16>(y, r) + first);
    } else if (y.format == Format::i32) {
        store_some(sums, n, row<i32>(y, r) + first);
    } else {
        float reals[columns];
        store_some(sums, n, reals);
        store_floats(y, r, first, n, reals);
    }
}

// re and im of a pixel that sees n numbers, from its counts.
inline void store(const Operand& y, i64 pixel, i64 outputs, i64 at, i64 some, i32 n, const i32* p, const i32* q) {
    i32 re[columns], im[columns];
    for (i64 c = 0; c < columns; ++c) re[c] = 2 * (q[c] - p[c]);
    for (i64 c = 0; c < columns; ++c) im[c] = 2 * (n - p[c] - q[c]);
    store_row(y, pixel, at, some, re);
    store_row(y, pixel, outputs + at, some, im);
}

// The memory of a thread, and what is in it.
struct Room {
    Place* places;
    Panels& panels;
    Unseen& unseen;
    Patches& patches;
    Tile* tiles;  // of all panels
    Borders& borders;
    u64 (*rows)[2][columns];  // of a panel that is packed
    i64 packed = none, known = none;

    explicit Room(Workspace space)
        : places(space.several<Place>(pixels_together)),
          panels(space.take<Panels>()),
          unseen(space.take<Unseen>()),
          patches(space.take<Patches>()),
          tiles(space.several<Tile>(panels_of_unit)),
          borders(space.take<Borders>()),
          rows(space.several<u64[2][columns]>(chunk_words)) {}
};

// Counts begin at 0, or at what the zeros of a pixel that does not see all will have counted too many.
inline void begin_tiles(const Grid& grid, const Taps& taps, i64 first, i64 outputs, i64 pixels, bool zeros,
                        Room& room) {
    for (i64 p = 0; p * columns < outputs; ++p) std::memset(&room.tiles[p], 0, sizeof(Tile));
    if (zeros) return;
    if (room.known != first) {
        find_unseen(taps, first, outputs, {0, taps.count()}, room.unseen);
        room.borders.known = room.borders.next = 0;
    }
    room.known = first;
    for (i64 m = 0; m < pixels; ++m) {
        if (sees_all(grid, room.places[m])) continue;
        const i64 border = room.borders.find(grid, room.places[m], taps, room.unseen);
        for (i64 p = 0; p * columns < outputs; ++p) {
            std::memcpy(room.tiles[p].p[m], room.borders.p[border] + p * columns, sizeof(i32) * columns);
            std::memcpy(room.tiles[p].q[m], room.borders.q[border] + p * columns, sizeof(i32) * columns);
        }
    }
}

// A block of pixels at a block of outputs. Where not all words are packed at once, they are packed for each block anew.
inline void run_block(const Call& call, const Grid& grid, const Taps& taps, i64 first, i64 from, i64 pixels,
                      Room& room) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const i64 all = weights.shape[0], outputs = least<i64>(outputs_of_unit, all - first), total = taps.total();
    locate(grid, from, pixels, room.places);
    const bool whole = all_see_all(grid, room.places, pixels), few = taps.count() <= known_taps;
    begin_tiles(grid, taps, first, outputs, pixels, whole || !few, room);
    for (i64 word = 0; word < total; word += chunk_words) {
        const Span some{word, least(total, word + chunk_words)};
        if (room.packed != first * total + word) pack(taps, first, some, room.rows, room.panels);
        room.packed = first * total + word;
        for (i64 m = 0; m < pixels; ++m) gather(grid, room.places[m], x, taps.parts, some, room.patches[m]);
        for (i64 p = 0; p * columns < outputs; ++p)
            multiply(room.patches, pixels, room.panels[p], some.size(), room.tiles[p]);
    }
    for (i64 tap = 0; !whole && !few && tap < taps.count(); tap += known_taps) {
        const Span some{tap, least(taps.count(), tap + known_taps)};
        find_unseen(taps, first, outputs, some, room.unseen);
        for (i64 m = 0; m < pixels; ++m) {
            for (i64 p = 0; p * columns < outputs; ++p)
                mend(grid, room.places[m], some, room.unseen, p * columns, room.tiles[p].p[m], room.tiles[p].q[m]);
        }
    }
    for (i64 m = 0; m < pixels; ++m) {
        const Place& place = room.places[m];
        const i32 n = static_cast<i32>(place.rows.size() * place.columns.size() * taps.parts.half);
        for (i64 p = 0; p * columns < outputs; ++p) {
            const i64 at = p * columns;
            store(y, place.pixel, all, first + at, least(columns, outputs - at), n, room.tiles[p].p[m],
                  room.tiles[p].q[m]);
        }
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const Grid grid = forward_grid(x, conv_window(weights, call.attributes), y);
    const Taps taps(weights);
    const i64 across = divide_up(y.rows, pixels_of_unit);
    Room room{Workspace(call)};
    for (i64 unit = begin; unit < end; ++unit) {  // those of the same outputs follow each other: their panels stay
        const i64 first = unit / across * outputs_of_unit, from = unit % across * pixels_of_unit;
        const i64 last = least(y.rows, from + pixels_of_unit);
        for (i64 pixel = from; pixel < last; pixel += pixels_together)
            run_block(call, grid, taps, first, pixel, least(pixels_together, last - pixel), room);
    }
}

}  // namespace linocut::LINOCUT_NS::complex_conv2d
