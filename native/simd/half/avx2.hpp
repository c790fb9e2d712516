// 16-bit floats, eight at a time.
#pragma once

#include "f16c.hpp"

namespace linocut::LINOCUT_NS {

inline void from_halves(const u16* in, i64 n, float* out) { from_halves_by_eight(in, n, out); }
inline void to_halves(const float* in, i64 n, u16* out) { to_halves_by_eight(in, n, out); }

}  // namespace linocut::LINOCUT_NS
