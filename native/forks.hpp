// How often the processes that led to this one were forked.
#pragma once

#include <cstdint>

namespace linocut {

// Since the first of them loaded the core: more than something knows of means that its threads are another
// process's. No system call, so that it costs a run nothing; unlike a process's number it never comes again.
std::uint32_t forks() noexcept;

}  // namespace linocut
