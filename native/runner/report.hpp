// What the runner prints on standard output: a line a figure, its name first.
#pragma once

#include <cstdint>

#include "metrics.hpp"
#include "runner.hpp"

namespace linocut {

void report_machine(const Runner& run);
void report_count(const char* name, std::uint64_t count);
// Nothing where no example was labelled; `by_class`: there are right answers.
void report_metrics(const char* prefix, const Metrics& metrics, bool by_class);
void report_state(const Runner& run);

}  // namespace linocut
