// Which kernels this processor can run.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel.hpp"

namespace linocut {

// The tables that this machine can run, best first; the last is the portable one.
std::span<const KernelTable* const> usable_kernels();

// The table of an instruction set by name; "" asks for $LINOCUT_ISA, and without that for the best. Throws
// Refusal.
const KernelTable& find_kernels(std::string_view isa);

}  // namespace linocut
