// Sums of bytes, by dot products with 1.
#pragma once

#include "../vnni.hpp"

namespace linocut::LINOCUT_NS {

// The sum of n signed bytes, a multiple of 64.
inline i32 sum_bytes(const u8* from, i64 n) {
    Sums512 sum{};
    for (i64 i = 0; i < n; i += 64) sum = add_dots(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(from + i));
    return total_of(sum);
}

// sums[c] += the sum over all groups of the signed bytes of 64 columns of interleaved rows.
inline void sum_columns(const u8* from, i64 groups, i64 group_stride, i32* sums) {
    for (i64 c = 0; c < segment; c += 16) {
        Sums512 total = load_sums(sums + c);
        for (i64 g = 0; g < groups; ++g) {
            total = add_dots(total, _mm512_set1_epi8(1), _mm512_loadu_si512(from + g * group_stride + 4 * c));
        }
        store_sums(sums + c, total);
    }
}

// What packing panels for dot products costs more than ChosenBytes' sums of these rows.
inline constexpr i64 few_rows = 16;

// Sums of bytes, 64 at a time, whose bits are 1.
struct ChosenBytes {
    Sums512 sums{};

    void add(const u8* bytes, u64 bits) {
        sums = add_dots(sums, _mm512_loadu_si512(bytes), _mm512_maskz_set1_epi8(bits, 1));
    }
    i32 total() const { return total_of(sums); }
};

}  // namespace linocut::LINOCUT_NS
