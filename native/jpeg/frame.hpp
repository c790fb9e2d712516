// What a JPEG's header says of its picture, and what its scans have brought of it so far.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace linocut::jpeg {

inline constexpr unsigned coefficients = 64;  // of a block of 8 x 8 pixels
inline constexpr int missing = 99;            // no bit of a coefficient was there yet

struct Component {
    std::uint8_t id = 0;
    std::uint8_t quantised = 0;              // by which table
    std::uint32_t across = 1, down = 1;      // blocks of it in a unit of an interleaved scan
    std::uint32_t width = 0, height = 0;     // in blocks
    std::uint32_t stride = 0;                // blocks of a row of `nonzero`: whole units
    std::int32_t most_mean = 0;              // the largest mean of a block that makes sense, in steps
    std::array<int, coefficients> lowest{};  // the lowest bit that was there of each, or `missing`
    std::vector<std::uint64_t> nonzero;      // progressive: bit k, whether a block's coefficient k is not 0
};

struct Frame {
    bool progressive = false;
    std::uint32_t units_across = 0, units_down = 0;  // of an interleaved scan
    std::vector<Component> components;
};

}  // namespace linocut::jpeg
