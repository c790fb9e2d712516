// What stands between C++ and the C interface: nothing thrown passes it.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "error.hpp"
#include "linocut.h"
#include "machine.hpp"

namespace linocut {

inline void tell(char* reason, std::size_t size, std::string_view text) {
    if (reason == nullptr || size == 0) return;
    const std::size_t length = std::min(text.size(), size - 1);
    std::memcpy(reason, text.data(), length);
    reason[length] = '\0';
}

// What the last call of this thread failed for (lc_failure).
inline thread_local int last_failure = LC_REFUSED;

// The result of `make`, or nullptr and the reason.
template <class Make>
auto guarded(char* reason, std::size_t size, Make make) noexcept -> decltype(make()) {
    try {
        return make();
    } catch (const std::bad_alloc&) {
        last_failure = LC_NO_MEMORY;
        tell(reason, size, "the machine has not enough memory");
    } catch (const std::system_error& error) {
        last_failure = LC_NO_THREADS;
        tell(reason, size, text("the machine gives no more threads (", error.code().message(), "); take fewer"));
    } catch (const std::exception& error) {
        last_failure = LC_REFUSED;
        tell(reason, size, error.what());
    }
    return nullptr;
}

}  // namespace linocut
