// Tables of bytes: the sums of four digits' sizes that agree with signs, which are positive and at most half as far
// apart as signed sums; bytes add a few of them, 16 bits many. Gradients of 8 bits are two digits, high * 16 + low with
// -8 <= low < 8 and -8 <= high <= 8, those of 4 bits one, their level.
//
// A set defines, as `Tables`, how many rows it takes `rows_at_once`, `least_inputs`, `add` and
//
//   index(four, bytes)                      column c of four words of bits -> bytes[c], c < 64
//   split(bytes, n, low, high)              gradients of 8 bits as digits, n a multiple of 16
//   add_sizes(digits, n, factor, totals)    totals[i] += factor times the sizes of digits 4 i to 4 i + 3, i < n, 8 | n
//   build(digits, tables, step)             16 digits -> four tables, `step` bytes apart
#pragma once

#include "runs.hpp"

namespace linocut::LINOCUT_NS::lookups {

inline constexpr i64 inputs = 4;  // digits that a table sums
inline constexpr i64 bytes = 16;  // of a table

// How many tables' entries a byte holds: an entry is at most 4 * 8, of levels of 4 bits 4 * 30 (kernels/levels.hpp).
template <int Digits>
inline constexpr i64 tables_of_bytes = Digits == 2 ? 7 : 2;
static_assert(7 * 4 * 8 <= 255 && 2 * inputs * most_level <= 255);

// Sizes of eight digits lie as [positive 0..3, negative 0..3, positive 4..7, negative 4..7]; size i of entry e of two
// tables, side by side, is at from[i][e]: the positive one where bit i of e is 1, else the negative one.
struct SizesOfEntries {
    alignas(32) u8 from[inputs][2 * bytes];

    constexpr SizesOfEntries() : from() {
        for (int i = 0; i < 4; ++i) {
            for (int e = 0; e < 32; ++e) from[i][e] = static_cast<u8>(8 * (e / 16) + ((e >> i & 1) != 0 ? 0 : 4) + i);
        }
    }
};
inline constexpr SizesOfEntries sizes_of_entries;

template <class Tables>
struct OfBytes : Tables {
    using Signs = u8;
    static constexpr bool usable = true;
    static constexpr i64 inputs = lookups::inputs, bytes = lookups::bytes, whole = 32;
    static constexpr int digits_of_bytes = 2;
    // How many groups of four gradients 16 bits hold.
    template <int Digits>
    static constexpr i64 most_groups = Digits == 2 ? 120 : 512;
    static_assert(120 * 4 * (8 + 16 * 8) <= 65535 && 512 * inputs * most_level <= 65535);

    template <int Digits>
    static i32 build_row(const i8* gradients, i64 n, u8* tables, i64 plane) {
        const i64 count = (n + whole - 1) / whole * whole;
        Planes<Digits> planes(gradients, count);
        i32 totals[most / inputs] = {}, total = 0;
        planes.add_sizes(count / inputs, totals);
        for (i32 size : totals) total += size;
        for (int d = 0; d < Digits; ++d) {
            for (i64 i = 0; i < count; i += 16) Tables::build(planes.digits[d] + i, tables + d * plane + 4 * i, bytes);
        }
        return total;
    }

    // at(i) of four columns, of which i is a multiple of four, are side by side.
    template <int Digits, class At>
    static void build_columns(const u8* const* rows, i64 n, const At& at, i64 plane, i32* totals) {
        const i64 count = (n + 7) / 8 * 8;
        alignas(64) u8 gradients[segment][inputs];
        interleave_bytes(rows, n, gradients[0]);
        Planes<Digits> planes(reinterpret_cast<const i8*>(gradients[0]), inputs * count);
        planes.add_sizes(count, totals);
        for (int d = 0; d < Digits; ++d) {
            for (i64 i = 0; i < count; i += 4) Tables::build(planes.digits[d] + inputs * i, at(i) + d * plane, bytes);
        }
    }

  private:
    static constexpr i64 most = 256;

    // Digits as they are looked up: one plane of them, or two.
    template <int Digits>
    struct Planes {
        alignas(64) u8 digits[Digits][most];

        Planes(const i8* gradients, i64 n) {
            const u8* from = reinterpret_cast<const u8*>(gradients);
            if constexpr (Digits == 2) {
                Tables::split(from, n, digits[0], digits[1]);
            } else {
                std::memcpy(digits[0], from, static_cast<std::size_t>(n));
            }
        }
        // totals[i] += the sizes of gradients 4 i to 4 i + 3.
        void add_sizes(i64 fours, i32* totals) const {
            for (int d = 0; d < Digits; ++d) Tables::add_sizes(digits[d], fours, d == 0 ? 1 : 16, totals);
        }
    };
};

}  // namespace linocut::LINOCUT_NS::lookups
