#include "stack.hpp"

#include <pthread.h>

#include <cstdint>

namespace linocut {
namespace {

// Both ends of a stack, which grows down. Empty where they are not known.
struct Stack {
    std::uintptr_t low = 0, high = 0;
};

#if defined(__APPLE__)

Stack own_stack() noexcept {
    const auto high = reinterpret_cast<std::uintptr_t>(pthread_get_stackaddr_np(pthread_self()));
    return {high - pthread_get_stacksize_np(pthread_self()), high};
}

#elif defined(__linux__)

// Of the main thread glibc tells what the limit lets it become, musl only what it has become: there the
// stack seems small until it has grown.
Stack own_stack() noexcept {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {};
    void* low = nullptr;
    std::size_t bytes = 0;
    const bool found = pthread_attr_getstack(&attributes, &low, &bytes) == 0;
    pthread_attr_destroy(&attributes);
    if (!found) return {};
    return {reinterpret_cast<std::uintptr_t>(low), reinterpret_cast<std::uintptr_t>(low) + bytes};
}

#else

Stack own_stack() noexcept { return {}; }

#endif

}  // namespace

std::size_t stack_left() noexcept {
    thread_local const Stack stack = own_stack();
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return here > stack.low && here <= stack.high ? here - stack.low : 0;
}

}  // namespace linocut
