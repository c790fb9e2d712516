// Lanes of bytes by VNNI, of four examples. Limit: one VPDPBUSD for 64 products.
#pragma once

#include "../interleave/avx512.hpp"
#include "../vnni.hpp"
#include "mark_used.hpp"

namespace linocut::LINOCUT_NS {

struct ByteLanes {
    static constexpr bool usable = true;
    static constexpr int examples = 4;           // of a lane
    static constexpr i64 outputs_at_once = 128;  // in registers
    using Vector = Sums512;

    static Vector load(const void* from) { return load_sums(from); }
    static void store(void* to, Vector v) { store_sums(to, v); }
    static Vector copied(u32 lane) { return Vector{} + lane; }
    static Vector ones() { return copied(0x01010101); }
    // sums += dy x, of signed and of unsigned bytes.
    static void add_products(Vector& sums, Vector dy, Vector x) {
        sums = add_dots(sums, reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(dy));
    }

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
