#include "peak.hpp"

#include <algorithm>
#include <chrono>

#include "error.hpp"
#include "floating_point.hpp"

namespace linocut {
namespace {

constexpr int runs = 20;
constexpr double seconds_of_a_run = 0.005;

Peak find(const KernelTable& kernels, std::string_view kind) {
    if (kind == "xnor") return kernels.peaks.xnor;
    if (kind == "int8") return kernels.peaks.int8;
    if (kind == "float") return kernels.peaks.floats;
    refuse("kind of arithmetic '", printable(kind), "' has no peak, must be xnor, int8 or float");
}

struct Timed {
    double seconds, operations;
};

Timed run(Peak peak, std::uint64_t rounds) {
    const auto start = std::chrono::steady_clock::now();
    const auto operations = static_cast<double>(peak(rounds));
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), operations};
}

}  // namespace

double measure_peak(const KernelTable& kernels, std::string_view kind) {
    const DefaultFloatingPoint guard;
    const Peak peak = find(kernels, kind);
    std::uint64_t rounds = 1;
    while (run(peak, rounds).seconds < seconds_of_a_run) rounds *= 2;
    double best = 0.0;
    for (int i = 0; i < runs; ++i) {
        const Timed one = run(peak, rounds);
        best = std::max(best, one.operations / one.seconds);
    }
    return best;
}

}  // namespace linocut
