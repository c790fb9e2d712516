#include "report.hpp"

#include <cinttypes>
#include <cstdio>

#include "code_pages.hpp"
#include "state.hpp"

namespace linocut {

void report_machine(const Runner& run) {
    release_unused();
    std::printf("isa %s\nthreads %d\n", run.isa(), run.threads());
}

void report_count(const char* name, std::uint64_t count) { std::printf("%s %" PRIu64 "\n", name, count); }

void report_metrics(const char* prefix, const Metrics& metrics, bool by_class) {
    if (metrics.examples <= 0) return;
    std::printf("%sloss %g\n", prefix, metrics.mean_loss());
    if (by_class) std::printf("%saccuracy %g\n", prefix, metrics.accuracy());
}

void report_state(const Runner& run) { std::printf("state_sha256 %s\n", state_sha256(run).c_str()); }

}  // namespace linocut
