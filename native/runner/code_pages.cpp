#include "code_pages.hpp"

#include <cstdint>  // which says which C library this is

#if defined(__linux__) && defined(__GLIBC__)

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// Both ends of the code, which the linker knows.
extern "C" {
extern const char __executable_start;
extern const char etext;
}

namespace linocut {

void release_unused() {
    malloc_trim(0);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(&__executable_start) / page * page;
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(&etext) / page * page;
    // Of a file, and never written: the system reads it again where it is needed. Only advice, so it may fail.
    static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED));
}

}  // namespace linocut

#else

namespace linocut {

void release_unused() {}

}  // namespace linocut

#endif
