// Whether gradients times signs are faster by tables (simd/lookup) or as bytes (simd/dot): processors with the same
// instructions differ. One that does two dot products of bytes at a time looks nothing up, one that does one at a time
// looks up twice as much. Both give the same integers.
#pragma once

#include <chrono>

#include "../tables_wanted.hpp"
#include "bare_products.hpp"

namespace linocut::LINOCUT_NS {

namespace choice {

// Seconds a multiplication; the least of some runs, of which others of the machine may disturb one.
template <class Bare>
inline double seconds(const Bare& bare) {
    constexpr u64 rounds = 16;  // some microseconds
    double least_time = 1.0;
    for (int run = 0; run < 5; ++run) {
        const auto start = std::chrono::steady_clock::now();
        const auto operations = static_cast<double>(bare(rounds));
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        least_time = least(least_time, taken.count() / operations);
    }
    return least_time;
}

}  // namespace choice

// Of gradients of 8 or 4 bits; measured when it is first asked.
template <int bits, class L = Lookups>
inline bool tables_are_faster() {
    if constexpr (L::usable) {
        const Tables wanted = tables_wanted.load(std::memory_order_relaxed);
        if (wanted != Tables::if_faster) return wanted == Tables::always;
        static const bool faster = choice::seconds(bare::tables_of<bits, L>) < choice::seconds(bare::bytes);
        return faster;
    }
    return false;
}

}  // namespace linocut::LINOCUT_NS
