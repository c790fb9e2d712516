// Rows of few channels side by side: of 16 channels four rows fill the 64 elements that kernels take at a time, and one
// vector does what four would.
#pragma once

#include "close_bits.hpp"
#include "segments.hpp"

namespace linocut::LINOCUT_NS {

struct Fold {
    i64 times;  // rows that are taken as one
    i64 cols;   // of each of them

    // Not where their number is not a multiple of `parts` such groups, nor where rows of nibbles end within a byte.
    explicit Fold(const Operand& elements, i64 parts = 1) : times(1), cols(elements.cols) {
        const bool whole = elements.format != Format::i4 || cols % 2 == 0;
        const bool few = whole && cols < segment && segment % cols == 0;
        if (few && elements.rows % (parts * (segment / cols)) == 0) times = segment / cols;
    }

    // For what is element by element: also of channels that do not divide 64, such as the three of a picture.
    static Fold elements(const Operand& of) {
        Fold fold(of);
        if (fold.times > 1 || of.format == Format::i4) return fold;
        while (2 * fold.times * of.cols <= segment && of.rows % (2 * fold.times) == 0) fold.times *= 2;
        return fold;
    }

    // Each row by itself.
    static Fold none() { return Fold({nullptr, Format::u8, 1, segment, nullptr}); }

    // An operand of elements, so many rows as one.
    Operand of(const Operand& elements) const {
        return {elements.data, elements.format, elements.rows / times, elements.cols * times, elements.shape};
    }

    // The bits of a word of a row.
    [[gnu::always_inline]] u64 bits(const Operand& from, i64 r, i64 word) const {
        if (times == 1) return bit_row(from, r)[word];
        const u64* rows = bit_row(from, r * times);
        u64 together = rows[0];
        for (i64 i = 1; i < times; ++i) together |= rows[i] << (i * cols);
        return together;
    }

    [[gnu::always_inline]] void put_bits(const Operand& to, i64 r, i64 word, u64 together) const {
        if (times == 1) {
            bit_row(to, r)[word] = together;
            return;
        }
        const u64 one = (u64{1} << cols) - 1;
        u64* rows = bit_row(to, r * times);
        for (i64 i = 0; i < times; ++i) rows[i] = together >> (i * cols) & one;
    }

    // Of several rows from r on, up to rows_at_once of them, one word each.
    static constexpr i64 rows_at_once = 16;
    void take_bits(const Operand& from, i64 r, i64 word, i64 rows, u64* out) const {
        if (times > 1 && joined_bits(bit_row(from, r * times), cols, rows * times, out)) return;
        for (i64 i = 0; i < rows; ++i) out[i] = bits(from, r + i, word);
    }

    void put_rows(const Operand& to, i64 r, i64 word, i64 rows, const u64* in) const {
        if (times > 1 && divided_bits(in, cols, rows * times, bit_row(to, r * times))) return;
        for (i64 i = 0; i < rows; ++i) put_bits(to, r + i, word, in[i]);
    }

    // What each channel has, for 64 elements.
    template <class T>
    void repeat(T* values) const {
        for (i64 c = cols; times > 1 && c < segment; ++c) values[c] = values[c - cols];
    }

    // What was added up for each of 64 elements, of each channel.
    template <class T>
    void add_up(T* sums) const {
        for (i64 c = cols; times > 1 && c < segment; ++c) sums[c % cols] += sums[c];
    }
};

}  // namespace linocut::LINOCUT_NS
