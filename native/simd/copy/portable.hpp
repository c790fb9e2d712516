// Copies of short runs.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// memcpy for runs that are mostly short.
inline void copy_run(void* to, const void* from, i64 bytes) { std::memcpy(to, from, static_cast<std::size_t>(bytes)); }

}  // namespace linocut::LINOCUT_NS
