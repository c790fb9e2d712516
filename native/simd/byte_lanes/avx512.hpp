// Lanes of bytes by VNNI, of four examples. Limit: one VPDPBUSD for 64 products.
#pragma once

#include "../interleave/avx512.hpp"
#include "mark_used.hpp"

namespace linocut::LINOCUT_NS {

struct ByteLanes {
    static constexpr bool usable = true;
    static constexpr int examples = 4;           // of a lane
    static constexpr i64 outputs_at_once = 128;  // in registers
    using Vector = __m512i;

    static Vector load(const void* from) { return _mm512_loadu_si512(from); }
    static void store(void* to, Vector v) { _mm512_storeu_si512(to, v); }
    static Vector copied(u32 lane) { return _mm512_set1_epi32(static_cast<i32>(lane)); }
    static Vector ones() { return _mm512_set1_epi8(1); }
    // sums += dy x, of signed and of unsigned bytes.
    static void add_products(Vector& sums, Vector dy, Vector x) { sums = _mm512_dpbusd_epi32(sums, x, dy); }

    // The lanes of 64 inputs (unsigned) or outputs (signed), of a row for each example.
    template <bool is_signed>
    static void pack(const u8* const* rows, u32* out) {
        interleave_bytes(rows, segment, reinterpret_cast<u8*>(out));
    }

    static void mark_used(const u8* const* rows, int bit, u8* octets) {
        mark_used_columns<examples>(rows, bit, octets);
    }
};

}  // namespace linocut::LINOCUT_NS
