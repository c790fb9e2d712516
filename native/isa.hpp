// Which kernels this processor can run.
#pragma once

#include <atomic>
#include <span>
#include <string_view>

#include "kernels/kernel.hpp"

namespace linocut {

// The tables that this machine can run, best first: the last of its own is the portable one, unless this build has
// another alone, which the processor may lack. Behind it is that in C99, which is only used where it is asked for.
std::span<const KernelTable* const> usable_kernels();

// The last of the machine's own, of which there is one once `find_kernels` has found any.
const KernelTable& last_kernels();

// $LINOCUT_TABLES, 1 or 0, or a test's choice; else what is measured to be faster. To be changed before sessions are
// opened. Results are the same.
extern std::atomic<Tables> tables_wanted;

Tables tables_of_environment() noexcept;

// The table of an instruction set by name; "" asks for $LINOCUT_ISA, and without that for the best. Throws
// Refusal.
const KernelTable& find_kernels(std::string_view isa);

}  // namespace linocut
