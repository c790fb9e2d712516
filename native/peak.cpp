// lc_peak: the measured peak of this machine for one kind of arithmetic. Apart from the rest of the C interface, so
// that what does not ask for it links no peaks.

#include <algorithm>
#include <chrono>

#include "error.hpp"
#include "floating_point.hpp"
#include "guarded.hpp"
#include "isa.hpp"
#include "linocut.h"

namespace linocut {
namespace {

constexpr int runs = 20;
constexpr double seconds_of_a_run = 0.005;

Peaks peaks_of(std::string_view isa) {
#define LINOCUT_PEAKS(name) \
    if (isa == #name) return name::measured_peaks();
    LINOCUT_SETS(LINOCUT_PEAKS)
#undef LINOCUT_PEAKS
#ifdef LINOCUT_C99
    if (isa == "c99") return portable::measured_peaks();  // plain loops of the same processor
#endif
    refuse("instruction set '", printable(isa), "' has no peaks");
}

Peak find(std::string_view isa, std::string_view kind) {
    const Peaks peaks = peaks_of(isa);
    if (kind == "xnor") return peaks.xnor;
    if (kind == "int8") return peaks.int8;
    if (kind == "int8_sign") return peaks.int8_sign;
    if (kind == "int4_sign") return peaks.int4_sign;
    if (kind == "float") return peaks.floats;
    refuse("kind of arithmetic '", printable(kind), "' has no peak, must be xnor, int8, int8_sign, int4_sign or float");
}

struct Timed {
    double seconds, operations;
};

Timed run(Peak peak, std::uint64_t rounds) {
    const auto start = std::chrono::steady_clock::now();
    const auto operations = static_cast<double>(peak(rounds));
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), operations};
}

// Multiplications a second, the most that any of several runs reached.
double measure(std::string_view isa, std::string_view kind) {
    const DefaultFloatingPoint guard;
    const Peak peak = find(isa, kind);
    std::uint64_t rounds = 1;
    while (run(peak, rounds).seconds < seconds_of_a_run) rounds *= 2;
    double best = 0.0;
    for (int i = 0; i < runs; ++i) {
        const Timed one = run(peak, rounds);
        best = std::max(best, one.operations / one.seconds);
    }
    return best;
}

}  // namespace
}  // namespace linocut

int lc_peak(const char* isa, const char* kind, double* per_second, char* reason, size_t reason_size) {
    const auto measured = [&] {
        *per_second = linocut::measure(linocut::find_kernels(isa == nullptr ? "" : isa).isa, kind);
        return per_second;
    };
    return linocut::guarded(reason, reason_size, measured) == nullptr ? -1 : 0;
}
