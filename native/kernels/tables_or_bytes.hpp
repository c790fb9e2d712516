// Whether gradients times signs go by tables (simd/lookup) or as bytes (simd/dot). Which is faster is a matter of the
// processor, not of its instructions: one that does two dot products of bytes at a time has no use for tables, one that
// does one at a time looks up twice as much. Both give the same integers.
#pragma once

#include <atomic>

#include "../simd/simd.hpp"

namespace linocut::LINOCUT_NS {

// Of gradients of 4 and of 8 bits; choice.cpp sets them before a session runs.
inline std::atomic<bool> tables_for_four_bits{true}, tables_for_eight_bits{true};

template <int bits, class L = Lookups>
inline bool tables_are_faster() {
    if constexpr (!L::usable) return false;
    return (bits == 4 ? tables_for_four_bits : tables_for_eight_bits).load(std::memory_order_relaxed);
}

}  // namespace linocut::LINOCUT_NS
