// How the state that there is does on examples: `evaluate` of src/linocut/run/scoring.py.
#pragma once

#include <functional>
#include <string>

#include "examples.hpp"
#include "metrics.hpp"
#include "runner.hpp"

namespace linocut {

// The sums over all examples, in their order; what the program had summed before comes back. `after(rows)` follows each
// run, of which the first `rows` were examples.
Metrics evaluate(Runner& run, const std::string& section, const Examples& examples,
                 const std::function<void(std::uint64_t)>& after);

}  // namespace linocut
