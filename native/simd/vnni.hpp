// Dot products of bytes by AVX-512 VNNI.
#pragma once

#include "x86.hpp"

namespace linocut::LINOCUT_NS {

// Sums of 32 bits. They have the type of their instruction, in loads and stores too: with __m512i, GCC 12 stores every
// sum at every step. Unsigned, as twice a sum may not fit.
typedef u32 Sums512 __attribute__((vector_size(64)));

inline Sums512 load_sums(const void* from) {
    Sums512 sums;
    std::memcpy(&sums, from, sizeof sums);
    return sums;
}
inline void store_sums(void* to, Sums512 sums) { std::memcpy(to, &sums, sizeof sums); }

// sums + products of fours of bytes, unsigned with signed.
inline Sums512 add_dots(Sums512 sums, __m512i bytes, __m512i signed_bytes) {
    return reinterpret_cast<Sums512>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums), bytes, signed_bytes));
}

inline i32 total_of(Sums512 sums) { return _mm512_reduce_add_epi32(reinterpret_cast<__m512i>(sums)); }

}  // namespace linocut::LINOCUT_NS
