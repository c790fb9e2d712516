// Lanes of bytes by AVX2, of two examples: two whole bytes fit 16 bits, but not a pair of their products. Limit: one
// VPMADDWD and an addition for 16 products.
#pragma once

#include "mark_used.hpp"

namespace linocut::LINOCUT_NS {

struct ByteLanes {
    static constexpr bool usable = true;
    static constexpr int examples = 2;                    // of a lane
    static constexpr i64 outputs_at_once = 64;            // in registers
    typedef i32 Vector __attribute__((vector_size(32)));  // not __m256i, as in dot/avx2.hpp

    static Vector load(const void* from) { return reinterpret_cast<Vector>(load_whole(from)); }
    static void store(void* to, Vector v) { std::memcpy(to, &v, sizeof v); }
    static Vector copied(u32 lane) { return Vector{} + static_cast<i32>(lane); }
    static Vector ones() { return reinterpret_cast<Vector>(_mm256_set1_epi16(1)); }
    // sums += dy x, of signed and of unsigned bytes.
    static void add_products(Vector& sums, Vector dy, Vector x) {
        sums +=
            reinterpret_cast<Vector>(_mm256_madd_epi16(reinterpret_cast<__m256i>(dy), reinterpret_cast<__m256i>(x)));
    }

    // The lanes of 64 inputs (unsigned) or outputs (signed), of a row for each example.
    template <bool is_signed>
    static void pack(const u8* const* rows, u32* out) {
        for (i64 c = 0; c < segment; c += 8) {
            const auto eight = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[i] + c)); };
            const __m128i bytes = _mm_unpacklo_epi8(eight(0), eight(1));
            store_whole(out + c, is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes));
        }
    }

    static void mark_used(const u8* const* rows, int bit, u8* octets) {
        mark_used_columns<examples>(rows, bit, octets);
    }
};

}  // namespace linocut::LINOCUT_NS
