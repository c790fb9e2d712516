// Stacks: how much kernels take, and how much the calling thread has left.
//
// Kernels keep their tiles on the stack, more than some threads have: musl gives 128 KiB, macOS 512 KiB, and
// `ulimit -s` what it is told. Hence threads of linocut are made with a stack of this size (thread.hpp), and
// what runs on another's looks first.
#pragma once

#include <cstddef>

namespace linocut {

#if defined(__SANITIZE_ADDRESS__)
#define LINOCUT_GUARDED_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LINOCUT_GUARDED_FRAMES
#endif
#endif

inline constexpr std::size_t KiB = 1024;

// What the deepest kernel of any instruction set takes with all that it calls, and what may come on top: the
// callers between, and the frame of a signal. tests/test_kernel_stacks.py holds it against the compiler's
// figures. The address sanitizer puts guards into frames.
#ifdef LINOCUT_GUARDED_FRAMES
inline constexpr std::size_t kernel_stack_bytes = 1280 * KiB;
#else
inline constexpr std::size_t kernel_stack_bytes = 640 * KiB;
#endif

// From the caller's frame to the end of the calling thread's stack; 0 where the system does not tell, and on
// a stack that is not its thread's. The first call on a thread asks the system, and may allocate for that.
std::size_t stack_left() noexcept;

}  // namespace linocut
