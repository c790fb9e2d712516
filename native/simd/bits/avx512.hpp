// Between 64 bits and 64 elements, by mask registers.
#pragma once

#include "../x86.hpp"

namespace linocut::LINOCUT_NS {

// flags[i] is 0 or 0xFF -> bit i.
inline u64 pack_flags(const u8* flags) { return _mm512_movepi8_mask(_mm512_loadu_si512(flags)); }

// masks[i] is 0 or -1 -> bit i.
inline u64 pack_masks(const i16* masks) {
    const u32 low = _mm512_movepi16_mask(_mm512_loadu_si512(masks));
    return low | static_cast<u64>(_mm512_movepi16_mask(_mm512_loadu_si512(masks + 32))) << 32;
}

inline u64 pack_masks(const i32* masks) {
    u64 bits = 0;
    for (int quarter = 0; quarter < 4; ++quarter) {
        const __m512i found = _mm512_loadu_si512(masks + 16 * quarter);
        bits |= static_cast<u64>(_mm512_test_epi32_mask(found, found)) << (16 * quarter);
    }
    return bits;
}

// values[i] >= bounds[i] -> bit i.
inline u64 bits_at_least(const i32* values, const i32* bounds) {
    u64 bits = 0;
    for (int quarter = 0; quarter < 4; ++quarter) {
        const __m512i value = _mm512_loadu_si512(values + 16 * quarter),
                      bound = _mm512_loadu_si512(bounds + 16 * quarter);
        bits |= static_cast<u64>(_mm512_cmpge_epi32_mask(value, bound)) << (16 * quarter);
    }
    return bits;
}

// Bit i -> bytes[i], 1 or 0.
inline void expand_bits(u64 bits, u8* bytes) { _mm512_storeu_si512(bytes, _mm512_maskz_set1_epi8(bits, 1)); }

// Bit i -> masks[i], -1 or 0.
inline void expand_masks(u64 bits, i8* masks) { _mm512_storeu_si512(masks, _mm512_movm_epi8(bits)); }

inline void expand_masks(u64 bits, i16* masks) {
    _mm512_storeu_si512(masks, _mm512_movm_epi16(static_cast<__mmask32>(bits)));
    _mm512_storeu_si512(masks + 32, _mm512_movm_epi16(static_cast<__mmask32>(bits >> 32)));
}

// g[i] where bit i is 1, else 0.
inline void keep_floats(u64 bits, float* g) {
    for (int quarter = 0; quarter < 4; ++quarter) {
        const auto kept = static_cast<__mmask16>(bits >> (16 * quarter));
        _mm512_storeu_ps(g + 16 * quarter, _mm512_maskz_loadu_ps(kept, g + 16 * quarter));
    }
}

// out[i]: +- sizes[0] or [1] where `inside`, sizes[2] or [3] elsewhere, the former of two where `nearer`.
inline void expand_levels(u64 positive, u64 inside, u64 nearer, const float* sizes, float* out) {
    const auto all = [&](int i) { return _mm512_set1_ps(sizes[i]); };
    for (int v = 0; v < 4; ++v) {
        const auto of = [&](u64 bits) { return static_cast<__mmask16>(bits >> (16 * v)); };
        const __m512 inner = _mm512_mask_blend_ps(of(nearer), all(1), all(0));
        const __m512 outer = _mm512_mask_blend_ps(of(nearer), all(3), all(2));
        const __m512 size = _mm512_mask_blend_ps(of(inside), outer, inner);
        _mm512_storeu_ps(out + 16 * v, _mm512_mask_sub_ps(size, of(~positive), _mm512_setzero_ps(), size));
    }
}

// Bit i -> +1 or -1.
inline void expand_signs(u64 bits, float* out) {
    for (int v = 0; v < 4; ++v) {
        const __mmask16 positive = static_cast<__mmask16>(bits >> (16 * v));
        _mm512_storeu_ps(out + 16 * v, _mm512_mask_blend_ps(positive, _mm512_set1_ps(-1.0f), _mm512_set1_ps(1.0f)));
    }
}

}  // namespace linocut::LINOCUT_NS
