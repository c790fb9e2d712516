// What a section must be fed, and which states may be kept.
#pragma once

#include <cstdint>
#include <vector>

#include "program.hpp"

namespace linocut {

// Numbers of the buffers that the section reads before it writes them, and that are no state, in the order of
// its instructions. A buffer that is written in part counts as written.
std::vector<std::uint32_t> fed_buffers(const Program& program, const Section& section);

// The largest mean loss of a run that makes sense (Loss.most_sensible in Python).
double most_sensible_loss(const Program& program, const Section& section);

// Throws Refusal for a state with a float that is no number, or with bits behind the last of a row. Without
// `whole` only shifts, norm statistics and metrics are looked at.
void check_state(const Program& program, const std::uint8_t* arena, bool whole);

}  // namespace linocut
