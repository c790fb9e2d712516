// The state of a program: what it keeps between runs, as `write_state` in Python writes it.
#pragma once

#include <string>

#include "runner.hpp"

namespace linocut {

// Throws Refusal for a file of another program, or a damaged one.
void read_state(const std::string& path, const Runner& run);
// Throws Divergence where it is none that may be kept, and nothing is written then; else MachineFailure.
void write_state(const std::string& path, const Runner& run);
// Throws Divergence where the state is none that may be kept.
void check_keepable(const std::string& path, const Runner& run);

std::uint64_t state_bytes(const Runner& run);
// As Session.state_sha256 in Python: equal states train and predict alike.
std::string state_sha256(const Runner& run);

}  // namespace linocut
