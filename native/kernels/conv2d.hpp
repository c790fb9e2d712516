// conv2d: y = sums over the taps of a window, of inputs times weights; padding adds 0.
// In:    images of pixels, weights (outputs, taps, inputs). Bits times bits, bytes u (that count 2u - 255) or floats
// times
//        bits, floats times floats.
// How:   the windows of a block of pixels are gathered into rows, so that each kind is the product of matrices that it
// is for
//        dense layers; the weights of an output are one row already. A unit is a block of outputs at a block of pixels.
//        Padding is gathered as zeros. As bits or bytes those stand for -1 or -255: what they will add is taken off
//        first.
// Limit: that of the dense kernels, and the gathering: a copy of 9 inputs (at 3 x 3) for each 128 outputs.
#pragma once

#include "binary_matmul.hpp"
#include "byte_patches.hpp"
#include "float_patches.hpp"
#include "joined_taps.hpp"
#include "real_matmul.hpp"

namespace linocut::LINOCUT_NS::conv2d {

enum { X, WEIGHTS, Y };
enum { STRIDE, PAD_TOP, PAD_LEFT, EXACT };

inline constexpr i64 panel_columns = distances::columns;
inline constexpr i64 bit_panels = unit_columns / panel_columns;
inline constexpr i64 chunk_words = 80;  // packed bits at a time: panels of 80 KiB (AVX2: 160)
inline constexpr i64 kept_taps = 60;    // taps whose sums of signs are kept: all of 7 x 7

using BitTiles = i32[bit_panels][unit_pixels][panel_columns];

// The panels of a unit; `first` is the word that they start at, none before they are packed.
struct BitPanels {
    alignas(64) u64 panels[bit_panels][chunk_words * distances::word_panel];
    i64 first;
};

// Panels of few inputs are packed for more pixels.
inline i64 pixels_per_unit(const Operand& x) { return (x.format == Format::u8 ? 4 : 1) * unit_pixels; }

inline i64 units(const Call& call) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    return divide_up(y.cols, unit_columns) * divide_up(y.rows, pixels_per_unit(x));
}

// The weights with all taps of an output in one row. Bits: in whole words, so `cols` counts their padding too.
inline Operand flattened(const Operand& weights, i64 taps) {
    const i64 inputs = weights.format == Format::bit ? words(weights.cols) * segment : weights.cols;
    return {weights.data, weights.format, weights.rows / taps, taps * inputs, nullptr};
}

// --- what zeros in place of padding add ---

inline i64 count_ones(const u64* from, i64 n) {
    i64 ones = __builtin_popcountll(from[0]);
    if (n > 1) ones += __builtin_popcountll(from[1]);
    for (i64 w = 2; w < n; ++w) ones += __builtin_popcountll(from[w]);
    return ones;
}

// The sum of the signs in a number of rows (taps of an output).
inline i32 sum_of_signs(const Operand& weights, i64 first_row, i64 rows) {
    const i64 ones = count_ones(bit_row(weights, first_row), rows * words(weights.cols));
    return static_cast<i32>(2 * ones - rows * weights.cols);
}

// Sums of signs of the taps that pixels do not see, for some outputs. Those of a few pixels are kept, as neighbours are
// mostly alike.
class Unseen {
  public:
    Unseen(const Operand& of_weights, const Grid& of_grid, i64 first_output, i64 outputs, Workspace& space)
        : weights(of_weights),
          grid(of_grid),
          first(first_output),
          columns(outputs),
          of_taps(space.take<i32[kept_taps][unit_columns]>()),
          sums(space.take<i32[kept][unit_columns]>()) {
        for (i64 tap = 0; tap < least(kept_taps, grid.taps()); ++tap) {
            for (i64 c = 0; c < columns; ++c) of_taps[tap][c] = of_tap(tap, c);
        }
        for (i64 i = 0; i < kept; ++i) rows[i] = {-1, -1};
    }

    // Of pixels that see such rows and columns of taps.
    const i32* of(Span seen_rows, Span seen_across) {
        const auto same = [](Span a, Span b) { return a.begin == b.begin && a.end == b.end; };
        for (i64 i = 0; i < kept; ++i) {
            if (same(rows[i], seen_rows) && same(across[i], seen_across)) return sums[i];
        }
        const i64 at = next++ % kept;
        rows[at] = seen_rows;
        across[at] = seen_across;
        std::memset(sums[at], 0, static_cast<std::size_t>(columns) * sizeof sums[at][0]);
        for (i64 tap = 0; tap < grid.taps(); ++tap) {
            const i64 r = tap / grid.columns.taps, q = tap % grid.columns.taps;
            const bool seen =
                r >= seen_rows.begin && r < seen_rows.end && q >= seen_across.begin && q < seen_across.end;
            if (seen) continue;
            for (i64 c = 0; c < columns; ++c) sums[at][c] += tap < kept_taps ? of_taps[tap][c] : of_tap(tap, c);
        }
        return sums[at];
    }

  private:
    static constexpr i64 kept = 4;

    i32 of_tap(i64 tap, i64 c) const { return sum_of_signs(weights, (first + c) * grid.taps() + tap, 1); }

    const Operand& weights;
    const Grid& grid;
    const i64 first, columns;
    i32 (&of_taps)[kept_taps][unit_columns];
    i32 (&sums)[kept][unit_columns];
    Span rows[kept], across[kept];
    i64 next = 0;
};

// tiles[..][m][..] = base[c], and `scale` times the sum of signs of the taps that see nothing.
template <i64 Width>
inline void start_tiles(const Grid& grid, const Place* places, i64 pixels, i64 columns, const i32* base, i32 scale,
                        Unseen& unseen, i32 (*tiles)[unit_pixels][Width]) {
    for (i64 m = 0; m < pixels; ++m) {
        for (i64 t = 0; t * Width < columns; ++t) std::memcpy(tiles[t][m], base + t * Width, Width * sizeof(i32));
        if (sees_all(grid, places[m])) continue;
        const i32* sums = unseen.of(places[m].rows, places[m].columns);
        for (i64 t = 0; t * Width < columns; ++t) {
            for (i64 c = 0; c < least(Width, columns - t * Width); ++c) tiles[t][m][c] += scale * sums[t * Width + c];
        }
    }
}

// --- bits ---

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

// --- bits of which one panel holds all words: sums are stored as they are done, and what zeros added is taken off then
// ---

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

// --- bytes ---

// Elements [first, first + count) of an output's rows, which are those of its taps, as bits that follow each other.
inline void join_rows(const Operand& weights, i64 first_row, i64 first, i64 count, u64* joined) {
    const u64* bits = bit_row(weights, first_row + first / weights.cols);
    i64 input = first % weights.cols;
    std::memset(joined, 0, static_cast<std::size_t>(words(count)) * sizeof *joined);
    for (i64 k = 0, n; k < count; k += n) {
        n = least(least(weights.cols - input, segment - input % segment), least(count - k, segment - k % segment));
        const u64 found = (bits[input / segment] >> (input % segment)) & (~u64{0} >> (segment - n));
        joined[k / segment] |= found << (k % segment);
        input += n;
        if (input < weights.cols) continue;
        input = 0;
        bits += words(weights.cols);
    }
}

// Panel of -2 and +2 (0 past the last element), so that a byte u counts 2u, from elements [first, first + count) of the
// rows of 64 outputs.
inline void pack_double_signs(const Operand& weights, i64 taps, i64 first_output, i64 first, i64 count, Panel& panel) {
    const i64 outputs = least(tile_columns, weights.rows / taps - first_output), whole = count / 4;
    std::memset(panel, 0, static_cast<std::size_t>(divide_up(count, 4)) * sizeof panel[0]);
    for (i64 c = 0; c < outputs; ++c) {
        u64 joined[byte_chunk / segment];
        join_rows(weights, (first_output + c) * taps, first, count, joined);
        const auto twice = [&](i64 g) {
            const u64 nibble = (joined[g / 16] >> (4 * (g % 16))) & 15;
            return (load_four(real_matmul::sign_quads.bytes[nibble]) << 1) & 0xFEFEFEFEu;
        };
        for (i64 g = 0; g < divide_up(count, 4); ++g) {
            const u32 four = twice(g);
            std::memcpy(panel[g][c], &four, g < whole ? 4 : static_cast<std::size_t>(count % 4));
        }
    }
}

// store(pixel, first, n, exact) has sums of 64 outputs, of which n count; the others are 0.
template <class Store>
[[gnu::noinline]] inline void run_bytes(const Operand& x, const Operand& weights, const Grid& grid, Place* places,
                                        Span pixels, i64 first, i64 columns, Workspace space, const Store& store) {
    constexpr i32 scale = 255;
    const i64 taps = grid.taps();
    auto& panels = space.take<BytePanels>();
    auto& tiles = space.take<ByteTiles>();
    Unseen unseen(weights, grid, first, columns, space);
    panels.first = none;
    i32 base[unit_columns] = {};
    for (i64 c = 0; c < columns; ++c) base[c] = -scale * sum_of_signs(weights, (first + c) * taps, taps);
    const auto pack = [&](i64 t, i64 k, i64 count, Panel& panel) {
        pack_double_signs(weights, taps, first + t * tile_columns, k, count, panel);
    };
    const i64 at_once = pixels_at_once(taps * x.cols > byte_chunk);
    for (i64 from = pixels.begin; from < pixels.end; from += at_once) {
        const i64 count = least(at_once, pixels.end - from);
        locate(grid, from, count, places);
        start_tiles<tile_columns>(grid, places, count, columns, base, scale, unseen, tiles);
        multiply_bytes<Signed::panel, Range::doubled>(grid, places, count, x, columns, space, pack, panels, tiles);
        for (i64 m = 0; m < count; ++m) {
            for (i64 c = 0; c < columns; c += tile_columns) {
                store(places[m].pixel, first + c, least(tile_columns, columns - c), tiles[c / tile_columns][m]);
            }
        }
    }
}

// --- floats ---

inline void pack_signs(const Operand& weights, i64 taps, i64 first_output, i64 first, i64 count, FloatPanel& panel) {
    const i64 outputs = least(float_columns, weights.rows / taps - first_output);
    std::memset(panel, 0, static_cast<std::size_t>(count) * sizeof panel[0]);
    for (i64 c = 0; c < outputs; ++c) {
        i64 tap = first / weights.cols, input = first % weights.cols;
        const u64* bits = bit_row(weights, (first_output + c) * taps + tap);
        for (i64 k = 0; k < count; ++k) {
            panel[k][c] = (bits[input / segment] >> (input % segment)) & 1 ? 1.0f : -1.0f;
            if (++input < weights.cols) continue;
            input = 0;
            bits += words(weights.cols);
        }
    }
}

// Elements [first, first + count) of the rows of 64 outputs, transposed.
inline void pack_floats(const Operand& flat, i64 first_output, i64 first, i64 count, FloatPanel& panel) {
    const i64 outputs = least(float_columns, flat.rows - first_output), whole = count / 4 * 4;
    const float zeros[float_chunk] = {};
    float converted[transposed_rows][float_chunk];
    for (i64 c = 0; c < columns_read(outputs); c += transposed_rows) {
        const float* rows[transposed_rows];
        for (i64 i = 0; i < transposed_rows; ++i) {
            if (c + i >= outputs) {
                rows[i] = zeros;
            } else if (flat.format == Format::f32) {
                rows[i] = row<float>(flat, first_output + c + i) + first;
            } else {
                from_halves(row<u16>(flat, first_output + c + i) + first, count, converted[i]);
                rows[i] = converted[i];
            }
        }
        for (i64 k = 0; k < whole; k += 4) transpose_rows(rows, k, panel + k, c);
        for (i64 k = whole; k < count; ++k) {
            for (i64 i = 0; i < transposed_rows; ++i) panel[k][c + i] = rows[i][k];
        }
    }
}

[[gnu::noinline]] inline void run_floats(const Call& call, const Grid& grid, Place* places, i64 from, i64 pixels,
                                         i64 first, i64 columns, Workspace space) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const i64 taps = grid.taps();
    const Operand flat = flattened(weights, taps);
    const auto pack = [&](i64 t, i64 k, i64 count, FloatPanel& panel) {
        const i64 output = first + t * float_columns;
        if (weights.format == Format::bit) {
            pack_signs(weights, taps, output, k, count, panel);
        } else {
            pack_floats(flat, output, k, count, panel);
        }
    };
    auto& tiles = space.take<FloatTiles>();
    locate(grid, from, pixels, places);
    multiply_floats(grid, places, pixels, x, columns, call.attributes[EXACT] != 0.0, space, pack, tiles,
                    [&](i64 base, i64 rows) { store_tiles(tiles, places + base, rows, y, first, columns); });
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &weights = call.operands[WEIGHTS], &y = call.operands[Y];
    const Grid grid = forward_grid(x, conv_window(weights, call.attributes), y);
    const i64 blocks = divide_up(y.cols, unit_columns), per_unit = pixels_per_unit(x);
    const auto store = [&](i64 pixel, i64 from, i64 n, const i32* exact) {
        real_matmul::store_exact(y, pixel, from, n, exact);
    };
    Workspace space(call);
    if (x.format == Format::bit && blocks == 1 && stores_at_once(call, grid)) {
        store_bits_at_once(call, grid, {begin * per_unit, least(end * per_unit, y.rows)}, 0, y.cols, space);
        return;
    }
    auto& places = space.take<Place[unit_pixels]>();
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit % blocks * unit_columns, columns = least(unit_columns, y.cols - first);
        const i64 from = unit / blocks * per_unit, pixels = least(per_unit, y.rows - from);
        if (x.format == Format::bit && stores_at_once(call, grid)) {
            store_bits_at_once(call, grid, {from, from + pixels}, first, columns, space);
        } else if (x.format == Format::bit) {
            run_bits(call, grid, places, {from, from + pixels}, first, columns, space);
        } else if (x.format == Format::u8) {
            run_bytes(x, weights, grid, places, {from, from + pixels}, first, columns, space, store);
        } else {
            run_floats(call, grid, places, from, pixels, first, columns, space);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::conv2d
