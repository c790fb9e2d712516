// The learning rate, which stands in the first place of `control` (native/kernels/control.hpp).
#pragma once

#include <cstdint>
#include <string>

#include "runner.hpp"

namespace linocut {

// Its place; throws Refusal where the program has none.
Place learning_rate(const Runner& run);
void set_rate(const Runner& run, double rate);
double rate_of(const Runner& run);

// Throws Refusal for one that is none; `where` names the file.
void check_rate(const std::string& where, std::uint64_t run, double rate);
// All that are in a file, before the first run.
void check_rates(const std::string& path);

}  // namespace linocut
