#include "arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "program.hpp"

#if (defined(__unix__) || defined(__APPLE__)) && !defined(LINOCUT_HEAP_ARENAS)
#define LINOCUT_MAPPED_ARENAS
#include <sys/mman.h>
#endif

namespace linocut {
namespace {

// Whole units of alignment, and never none.
std::size_t rounded(std::size_t bytes) {
    return std::max((bytes + alignment - 1) / alignment, std::size_t{1}) * alignment;
}

}  // namespace

#ifdef LINOCUT_MAPPED_ARENAS

// Pages of a fresh mapping read as zero and take memory from their first write.
void* allocate_arena(std::size_t bytes) noexcept {
    void* arena = mmap(nullptr, rounded(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return arena == MAP_FAILED ? nullptr : arena;
}

void free_arena(void* arena, std::size_t bytes) noexcept {
    if (arena != nullptr) munmap(arena, rounded(bytes));
}

#else

void* allocate_arena(std::size_t bytes) noexcept {
    void* arena = std::aligned_alloc(alignment, rounded(bytes));
    return arena == nullptr ? nullptr : std::memset(arena, 0, rounded(bytes));
}

void free_arena(void* arena, std::size_t) noexcept { std::free(arena); }

#endif

}  // namespace linocut
