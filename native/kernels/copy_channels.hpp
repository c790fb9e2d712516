// copy_channels: channels [begin, begin + count) of x in channels [at, at + count) of y; the others of y become 0 where
// `fresh` is 1 (src/linocut/ops/copy_channels.py). A part is a row.
#pragma once

#include "nibbles.hpp"

namespace linocut::LINOCUT_NS::copy_channels {

enum { X, Y };

struct Range {
    i64 begin, at, count;
    bool fresh;

    explicit Range(const double* attributes)
        : begin(static_cast<i64>(attributes[0])),
          at(static_cast<i64>(attributes[1])),
          count(static_cast<i64>(attributes[2])),
          fresh(attributes[3] != 0.0) {}
};

inline i64 units(const Call& call) { return call.operands[Y].rows; }

inline std::size_t element_bytes(Format format) {
    return format == Format::f32 ? 4 : format == Format::f16 || format == Format::i16 ? 2 : 1;
}

// Of row r of x, in row `place` of y.
inline void copy_elements(const Operand& x, const Operand& y, const Range& range, i64 r, i64 place) {
    const std::size_t size = element_bytes(y.format);
    const auto bytes = [size](i64 elements) { return static_cast<std::size_t>(elements) * size; };
    u8* to = static_cast<u8*>(y.data) + bytes(place * y.cols);
    const u8* from = static_cast<const u8*>(x.data) + bytes(r * x.cols);
    const i64 end = range.at + range.count;
    if (range.fresh) {
        std::memset(to, 0, bytes(range.at));
        std::memset(to + bytes(end), 0, bytes(y.cols - end));
    }
    std::memcpy(to + bytes(range.at), from + bytes(range.begin), bytes(range.count));
}

inline void copy_nibbles(const Operand& x, const Operand& y, const Range& range, i64 r, i64 place) {
    const u8* from = nibble_row(x, r, 0);
    u8* to = nibble_row(y, place, 0);
    if (range.fresh) std::memset(to, 0, static_cast<std::size_t>(nibble_bytes(y.cols)));
    for (i64 i = 0; i < range.count; ++i) {
        const i64 begin = range.begin + i, at = range.at + i;
        const int value = from[begin / 2] >> begin % 2 * 4 & 15, shift = static_cast<int>(at % 2 * 4);
        to[at / 2] = static_cast<u8>((to[at / 2] & ~(15 << shift)) | value << shift);
    }
}

// Bits [place, place + 64) of a row; 0 where it has no words.
inline u64 bits_at(const u64* row, i64 count, i64 place) {
    const i64 shift = place & 63, word = (place - shift) / 64;
    const auto at = [&](i64 index) { return index >= 0 && index < count ? row[index] : u64{0}; };
    return shift == 0 ? at(word) : at(word) >> shift | at(word + 1) << (64 - shift);
}

// Bits [first, first + 64) that lie in [begin, end).
inline u64 bits_within(i64 first, i64 begin, i64 end) {
    const i64 low = clamp<i64>(begin - first, 0, 64), high = clamp<i64>(end - first, 0, 64);
    const auto below = [](i64 n) { return n == 64 ? ~u64{0} : (u64{1} << n) - 1; };
    return below(high) & ~below(low);
}

inline void copy_bits(const Operand& x, const Operand& y, const Range& range, i64 r, i64 place) {
    const u64* from = bit_row(x, r);
    u64* to = bit_row(y, place);
    for (i64 word = 0; word < words(y.cols); ++word) {
        const i64 first = word * 64;
        const u64 mask = bits_within(first, range.at, range.at + range.count);
        const u64 kept = range.fresh ? 0 : to[word] & ~mask;
        to[word] = mask == 0 ? kept : kept | (bits_at(from, words(x.cols), first - range.at + range.begin) & mask);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const Range range(call.attributes);
    for (i64 r = begin; r < end; ++r) {
        if (y.format == Format::bit) {
            copy_bits(x, y, range, r, r);
        } else if (y.format == Format::i4) {
            copy_nibbles(x, y, range, r, r);
        } else {
            copy_elements(x, y, range, r, r);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::copy_channels
