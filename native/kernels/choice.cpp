// Sets tables_or_bytes.hpp for one instruction set, by measuring both on the nearest cache; compiled like its kernels.
#include <chrono>

#include "bare_products.hpp"
#include "kernel.hpp"
#include "tables_or_bytes.hpp"

namespace linocut {
namespace LINOCUT_NS {
namespace {

// Seconds a multiplication; the least of some runs, of which others of the machine may disturb one. A run takes some
// microseconds, a millisecond of the slowest processors.
double seconds(std::uint64_t (*bare)(std::uint64_t)) {
    constexpr std::uint64_t rounds = 4;
    double least_time = 1.0;
    for (int run = 0; run < 5; ++run) {
        const auto start = std::chrono::steady_clock::now();
        const auto operations = static_cast<double>(bare(rounds));
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        least_time = least(least_time, taken.count() / operations);
    }
    return least_time;
}

struct Faster {
    bool four_bits = false, eight_bits = false;
};

template <class L = Lookups>
Faster measured() {
    if constexpr (L::usable) {
        const double bytes = seconds(bare::bytes);
        return {seconds(bare::tables_of<4, L>) < bytes, seconds(bare::tables_of<8, L>) < bytes};
    }
    return {};
}

}  // namespace

void choose_tables(Tables wanted) {
    Faster chosen{wanted == Tables::always, wanted == Tables::always};
    if (wanted == Tables::if_faster) {
        static const Faster found = measured();
        chosen = found;
    }
    tables_for_four_bits = chosen.four_bits;
    tables_for_eight_bits = chosen.eight_bits;
}

}  // namespace LINOCUT_NS
}  // namespace linocut
