// Whether gradients times signs go by tables or as bytes, where somebody says so: $LINOCUT_TABLES, 1 or 0, or a test.
// Else kernels/tables_or_bytes.hpp measures it. Results are the same.
#pragma once

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace linocut {

enum class Tables { never, always, if_faster };

inline Tables tables_of_environment() noexcept {
    const char* chosen = std::getenv("LINOCUT_TABLES");
    if (chosen == nullptr) return Tables::if_faster;
    if (std::strcmp(chosen, "1") == 0) return Tables::always;
    return std::strcmp(chosen, "0") == 0 ? Tables::never : Tables::if_faster;
}

// To be changed only before sessions are opened.
inline std::atomic<Tables> tables_wanted{tables_of_environment()};

}  // namespace linocut
