// Rows of few bits, a word each, and the same rows close together: where a row has as many bits as a number, words
// become numbers, all alike, in loops for vectors.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// visit(0 of the unsigned number of so many bits); false where there is none.
template <class Visit>
[[gnu::always_inline]] inline bool by_numbers(i64 bits, const Visit& visit) {
    if (bits == 8) return visit(u8{}), true;
    if (bits == 16) return visit(u16{}), true;
    if (bits == 32) return visit(u32{}), true;
    return false;
}

// The bits of `rows` rows, which fill words, to `out`; false where a row is no number.
inline bool joined_bits(const u64* __restrict in, i64 bits, i64 rows, u64* out) {
    return by_numbers(bits, [&](auto number) {
        u8* __restrict to = reinterpret_cast<u8*>(out);
        for (i64 r = 0; r < rows; ++r, to += sizeof number) {
            number = static_cast<decltype(number)>(in[r]);
            std::memcpy(to, &number, sizeof number);
        }
    });
}

// The other way.
inline bool divided_bits(const u64* in, i64 bits, i64 rows, u64* __restrict out) {
    return by_numbers(bits, [&](auto number) {
        const u8* __restrict from = reinterpret_cast<const u8*>(in);
        for (i64 r = 0; r < rows; ++r, from += sizeof number) {
            std::memcpy(&number, from, sizeof number);
            out[r] = number;
        }
    });
}

}  // namespace linocut::LINOCUT_NS
