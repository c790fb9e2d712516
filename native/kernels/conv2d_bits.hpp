// Convolutions of bits by bits (conv2d.hpp). Where one panel holds all words of a patch, sums are stored as they are
// done, and what zeros in place of padding added is taken off at the borders then; else they are kept in tiles.
#pragma once

#include "binary_matmul.hpp"
#include "joined_taps.hpp"
#include "unseen_taps.hpp"

namespace linocut::LINOCUT_NS::conv2d {

enum { X, WEIGHTS, Y };
enum { STRIDE, PAD_TOP, PAD_LEFT, EXACT };

inline constexpr i64 panel_columns = distances::columns;
inline constexpr i64 bit_panels = unit_columns / panel_columns;
inline constexpr i64 chunk_words = 80;  // packed bits at a time: panels of 80 KiB (AVX2: 160)

using BitTiles = i32[bit_panels][unit_pixels][panel_columns];

// The panels of a unit; `first` is the word that they start at, none before they are packed.
struct BitPanels {
    alignas(64) u64 panels[bit_panels][chunk_words * distances::word_panel];
    i64 first;
};

// The weights with all taps of an output in one row. Bits: in whole words, so `cols` counts their padding too.
inline Operand flattened(const Operand& weights, i64 taps) {
    const i64 inputs = weights.format == Format::bit ? words(weights.cols) * segment : weights.cols;
    return {weights.data, weights.format, weights.rows / taps, taps * inputs, nullptr};
}

// --- in tiles ---

// Sums that are done after one panel stay in the nearest cache.
inline i64 pixels_at_once(bool chunked) { return chunked ? unit_pixels : block_pixels; }

inline void multiply_rows(const u64 (*patches)[chunk_words], i64 rows, const u64* panel, i64 count, i64 columns,
                          i32 (*tile)[panel_columns]) {
    constexpr i64 at_once = distances::rows_at_once;
    i64 m = 0;
    for (; m + at_once <= rows; m += at_once) {
        const u64* from[at_once];
        for (i64 i = 0; i < at_once; ++i) from[i] = patches[m + i];
        distances::subtract_distances<at_once>(from, panel, {count}, columns, tile + m);
    }
    for (; m < rows; ++m) {
        const u64* from[1] = {patches[m]};
        distances::subtract_distances<1>(from, panel, {count}, columns, tile + m);
    }
}

inline void store_bits(const BitTiles& tiles, const Place* places, i64 pixels, const Operand& y, i64 first,
                       i64 columns) {
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 p = 0; p * panel_columns < columns; ++p) {
            const i64 n = least(panel_columns, columns - p * panel_columns);
            binary_matmul::store_row(y, places[m].pixel, first + p * panel_columns, n, tiles[p][m]);
        }
    }
}

inline void multiply_bits(const Grid& grid, const Place* places, i64 pixels, const Operand& x, const Operand& flat,
                          i64 first, i64 columns, Workspace space, BitPanels& packed, BitTiles& tiles) {
    auto& patches = space.take<u64[block_pixels][chunk_words]>();
    const i64 depth = words(x.cols), total = grid.taps() * depth, panel_count = divide_up(columns, panel_columns);
    for (i64 word = 0; word < total; word += chunk_words) {
        const i64 count = least(chunk_words, total - word);
        for (i64 p = 0; packed.first != word && p < panel_count; ++p) {
            distances::pack_panel(flat, first + p * panel_columns, word, count, packed.panels[p]);
        }
        packed.first = word;
        for (i64 m = 0; m < pixels; m += block_pixels) {
            const i64 rows = least(block_pixels, pixels - m);
            gather(grid, places + m, rows, bit_row(x, 0), depth, {word, word + count}, count, patches[0], chunk_words);
            for (i64 p = 0; p < panel_count; ++p) {
                multiply_rows(patches, rows, packed.panels[p], count, columns - p * panel_columns, tiles[p] + m);
            }
        }
    }
}

[[gnu::noinline]] inline void run_bits(const Call& call, const Grid& grid, Place* places, Span pixels, i64 first,
                                       i64 columns, Workspace space) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS];
    const Operand flat = flattened(weights, grid.taps());
    auto& panels = space.take<BitPanels>();
    auto& tiles = space.take<BitTiles>();
    Unseen unseen(weights, grid, first, columns, space);
    panels.first = none;
    i32 base[unit_columns];
    for (i32& value : base) value = static_cast<i32>(grid.taps() * x.cols);
    const i64 at_once = pixels_at_once(grid.taps() * words(x.cols) > chunk_words);
    for (i64 from = pixels.begin; from < pixels.end; from += at_once) {
        const i64 count = least(at_once, pixels.end - from);
        locate(grid, from, count, places);
        start_tiles<panel_columns>(grid, places, count, columns, base, 1, unseen, tiles);
        multiply_bits(grid, places, count, x, flat, first, columns, space, panels, tiles);
        store_bits(tiles, places, count, call.operands[Y], first, columns);
    }
}

// --- as they are done ---

inline constexpr i64 patches_space = block_pixels * chunk_words;

// Words of a row of taps of a patch. Of few channels taps are joined, so that there are fewer.
inline i64 row_words(const Operand& x, i64 taps) {
    return x.cols < segment ? JoinedTaps(x.cols, taps).row_words : taps * words(x.cols);
}

// Whether one panel of each holds all words, and sums go where they belong as they are.
inline bool stores_at_once(const Call& call, const Grid& grid) {
    const i64 count = grid.rows.taps * row_words(call.operands[X], grid.columns.taps);
    const bool fits = count <= chunk_words && count * panel_columns <= patches_space;
    return fits && call.operands[Y].format == Format::i16;
}

// Panels of weights in words as patches have them; `rows` is where they are joined.
inline void pack_weights(const Operand& weights, const Grid& grid, i64 first, i64 columns, u64* rows,
                         BitPanels& packed) {
    const JoinedTaps joined(weights.cols, grid.columns.taps);
    const i64 height = grid.rows.taps, count = height * row_words(weights, grid.columns.taps);
    for (i64 p = 0; p * panel_columns < columns; ++p) {
        const i64 output = first + p * panel_columns;
        if (weights.cols >= segment) {
            distances::pack_panel(flattened(weights, grid.taps()), output, 0, count, packed.panels[p]);
            continue;
        }
        u64* to = rows;
        const i64 outputs = least(panel_columns, columns - p * panel_columns);
        for (i64 c = 0; c < outputs; ++c) {
            const u64* from = bit_row(weights, (output + c) * grid.taps());
            for (i64 r = 0; r < height; ++r, from += joined.taps) {
                for (i64 w = 0; w < joined.row_words; ++w) *to++ = joined.word(w, {0, joined.taps}, from);
            }
        }
        const Operand matrix{rows, Format::bit, outputs, count * segment, nullptr};
        distances::pack_panel(matrix, 0, 0, count, packed.panels[p]);
    }
}

// What a row of taps sees of a row of an image, all words of a pixel, for n pixels: out[i * step] and after.
inline void copy_taps(const Axis& axis, i64 column, const u64* words, i64 depth, i64 n, u64* out, i64 step) {
    const i64 all = axis.taps * depth;
    for (i64 i = 0; i < n; ++i, out += step) {
        const i64 at = axis.origin + axis.step * (column + i);
        const Span seen = words == nullptr ? Span{0, 0} : axis.seen(at);
        if (seen.size() == axis.taps) {
            copy_run(out, words + at * depth, all * static_cast<i64>(sizeof *out));
            continue;
        }
        std::memset(out, 0, static_cast<std::size_t>(all) * sizeof *out);
        if (seen.size() > 0)
            std::memcpy(out + seen.begin * depth, words + (at + seen.begin) * depth,
                        static_cast<std::size_t>(seen.size() * depth) * sizeof *out);
    }
}

inline void take_patches(const Grid& grid, Span pixels, const Operand& x, u64* out) {
    const JoinedTaps joined(x.cols, grid.columns.taps);
    const i64 depth = words(x.cols), of_row = row_words(x, grid.columns.taps), step = grid.rows.taps * of_row;
    each_run(grid.rows.count, grid.columns.count, pixels, [&](i64, i64 example, i64 row, i64 column, i64 n) {
        const Axis &rows = grid.rows, &columns = grid.columns;
        for (i64 r = 0; r < rows.taps; ++r) {
            const i64 at = rows.origin + rows.step * row + r, first = (example * rows.size + at) * columns.size;
            const u64* words = at < 0 || at >= rows.size ? nullptr : bit_row(x, 0) + first * depth;
            if (x.cols < segment) {
                joined.join({words, columns.size, columns.origin + columns.step * column, columns.step}, n, false,
                            out + r * of_row, step);
            } else {
                copy_taps(columns, column, words, depth, n, out + r * of_row, step);
            }
        }
        out += n * step;
    });
}

// What the zeros of padding stood for is added again.
inline void mend_borders(const Grid& grid, Span pixels, const Operand& y, i64 first, i64 columns, Unseen& unseen) {
    const Axis& beside = grid.columns;
    each_run(grid.rows.count, beside.count, pixels, [&](i64 from, i64, i64 row, i64 column, i64 n) {
        const Span rows = grid.rows.seen(grid.rows.origin + grid.rows.step * row);
        const auto mend = [&](i64 begin, i64 end) {
            for (i64 i = begin; i < end; ++i) {
                const Span across = beside.seen(beside.origin + beside.step * (column + i));
                if (rows.size() * across.size() == grid.taps()) continue;
                const i32* sums = unseen.of(rows, across);
                i16* to = LINOCUT_NS::row<i16>(y, from + i) + first;
                for (i64 k = 0; k < columns; ++k) to[k] = static_cast<i16>(to[k] + sums[k]);
            }
        };
        // Of a row that sees all rows of taps, the pixels [whole, partly) see all.
        const i64 before = beside.origin < 0 ? divide_up(-beside.origin, beside.step) : 0;
        const i64 room = beside.size - beside.taps - beside.origin, after = room < 0 ? 0 : room / beside.step + 1;
        const bool all_rows = rows.size() == grid.rows.taps;
        const i64 whole = all_rows ? clamp<i64>(before - column, 0, n) : n;
        const i64 partly = all_rows ? clamp(after - column, whole, n) : n;
        mend(0, whole);
        mend(partly, n);
    });
}

// The outputs from `first` on, as many as a panel has or `columns`.
template <int R>
inline void store_products(const u64* patches, i64 count, const u64* panel, i16 bits, const Operand& y, i64 pixel,
                           i64 first, i64 columns) {
    const u64* from[R];
    i16* to[R];
    i16 whole[R][panel_columns];  // where a panel has more outputs than there are
    for (i64 i = 0; i < R; ++i) {
        from[i] = patches + i * count;
        to[i] = columns < panel_columns ? whole[i] : row<i16>(y, pixel + i) + first;
    }
    distances::store_products<R>(from, panel, count, bits, columns, to);
    for (i64 i = 0; columns < panel_columns && i < R; ++i)
        std::memcpy(row<i16>(y, pixel + i) + first, whole[i], static_cast<std::size_t>(columns) * sizeof(i16));
}

[[gnu::noinline]] inline void store_bits_at_once(const Call& call, const Grid& grid, Span pixels, i64 first,
                                                 i64 columns, Workspace space) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    constexpr int at_once = static_cast<int>(distances::rows_at_once);
    const i64 count = grid.rows.taps * row_words(x, grid.columns.taps);
    const i16 bits = static_cast<i16>(grid.taps() * x.cols);
    auto& panels = space.take<BitPanels>();
    auto& patches = space.take<u64[patches_space]>();
    Unseen unseen(weights, grid, first, columns, space);
    pack_weights(weights, grid, first, columns, patches, panels);
    for (i64 base = pixels.begin, n; base < pixels.end; base += n) {
        n = least(pixels.end - base, patches_space / count);
        take_patches(grid, {base, base + n}, x, patches);
        for (i64 p = 0; p * panel_columns < columns; ++p) {
            const i64 left = columns - p * panel_columns, output = first + p * panel_columns;
            const u64* panel = panels.panels[p];
            i64 m = 0;
            for (; m + at_once <= n; m += at_once)
                store_products<at_once>(patches + m * count, count, panel, bits, y, base + m, output, left);
            for (; m < n; ++m) store_products<1>(patches + m * count, count, panel, bits, y, base + m, output, left);
        }
        mend_borders(grid, {base, base + n}, y, first, columns, unseen);
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d
