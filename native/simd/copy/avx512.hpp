// Copies of short runs, without a call.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// memcpy for runs that are mostly short.
inline void copy_run(void* to, const void* from, i64 bytes) {
    u8* out = static_cast<u8*>(to);
    const u8* in = static_cast<const u8*>(from);
    for (; bytes >= 64; bytes -= 64, in += 64, out += 64) _mm512_storeu_si512(out, _mm512_loadu_si512(in));
    const __mmask64 rest = (u64{1} << bytes) - 1;
    if (rest) _mm512_mask_storeu_epi8(out, rest, _mm512_maskz_loadu_epi8(rest, in));
}

}  // namespace linocut::LINOCUT_NS
