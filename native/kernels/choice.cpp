// Sets tables_or_bytes.hpp for one instruction set, by measuring both on the nearest cache; compiled like its kernels.
#include <chrono>

#include "bare_products.hpp"
#include "kernel.hpp"
#include "tables_or_bytes.hpp"

namespace linocut {
namespace LINOCUT_NS {
namespace {

// Seconds a multiplication; the least of some runs, of which others of the machine may disturb one.
double seconds(std::uint64_t (*bare)(std::uint64_t)) {
    constexpr std::uint64_t rounds = 16;  // some microseconds
    double least_time = 1.0;
    for (int run = 0; run < 5; ++run) {
        const auto start = std::chrono::steady_clock::now();
        const auto operations = static_cast<double>(bare(rounds));
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        least_time = least(least_time, taken.count() / operations);
    }
    return least_time;
}

template <int bits, class L = Lookups>
bool measured() {
    if constexpr (L::usable) return seconds(bare::tables_of<bits, L>) < seconds(bare::bytes);
    return false;
}

}  // namespace

void choose_tables(Tables wanted) {
    bool four = wanted == Tables::always, eight = four;
    if (wanted == Tables::if_faster) {
        static const bool faster[2] = {measured<4>(), measured<8>()};
        four = faster[0];
        eight = faster[1];
    }
    tables_for_four_bits = four;
    tables_for_eight_bits = eight;
}

}  // namespace LINOCUT_NS
}  // namespace linocut
