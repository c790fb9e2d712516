// The measured peak of this machine for one kind of arithmetic.
#pragma once

#include <string_view>

#include "kernels/kernel.hpp"

namespace linocut {

// Multiplications a second of one thread, the most that any of several runs reached; `kind` is "xnor", "int8" or
// "float", as instructions count their work (src/linocut/ops/base.py). Throws Refusal for another.
double measure_peak(const KernelTable& kernels, std::string_view kind);

}  // namespace linocut
