// What all sets of x86 that have AVX2 share.
#pragma once

#include <immintrin.h>

#include "../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

inline __m256i load_whole(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
inline void store_whole(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }

}  // namespace linocut::LINOCUT_NS
