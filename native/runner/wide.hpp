// Unsigned numbers of 128 bits, which 32-bit compilers lack.
#pragma once

#include <cstdint>

namespace linocut {

struct Wide {
    std::uint64_t high = 0, low = 0;
};

constexpr Wide operator+(Wide a, Wide b) {
    const std::uint64_t low = a.low + b.low;
    return {a.high + b.high + (low < a.low ? 1 : 0), low};
}

// All of 64 by 64 bits, from products of halves.
constexpr Wide product(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t half = 0xFFFFFFFF;
    const std::uint64_t middle = (a >> 32) * (b & half) + ((a & half) * (b & half) >> 32);
    const std::uint64_t other = (a & half) * (b >> 32) + (middle & half);
    return {(a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32), a * b};
}

constexpr Wide operator*(Wide a, Wide b) {
    const Wide low = product(a.low, b.low);
    return {low.high + a.high * b.low + a.low * b.high, low.low};
}

}  // namespace linocut
