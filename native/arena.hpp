// The one block of memory that a session works in: zeroed, aligned, and taking room only where it was
// touched.
#pragma once

#include <cstddef>

namespace linocut {

// nullptr where the machine has not that much.
void* allocate_arena(std::size_t bytes) noexcept;
void free_arena(void* arena, std::size_t bytes) noexcept;

}  // namespace linocut
