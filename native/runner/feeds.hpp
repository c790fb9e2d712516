// Feeds: files of equal records, one of which goes to the arena before each run of a section.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"
#include "runner.hpp"

namespace linocut {

// Runs the section as often as the feeds have batches, or as the options say, and writes what they collect. Returns how
// often. Throws Refusal where a feed is missing or does not fit, Divergence, MachineFailure.
std::uint64_t run_on_feeds(const Options& options, Runner& run);

}  // namespace linocut
