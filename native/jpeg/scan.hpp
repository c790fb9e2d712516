// One scan of a JPEG: whether its coded data hold each block that they should, in codes that there are.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "codes.hpp"
#include "frame.hpp"

namespace linocut::jpeg {

struct Part {
    Component* component;
    const Codes* dc;
    const Codes* ac;
};

struct Scan {
    std::vector<Part> parts;       // interleaved where they are several
    unsigned begin = 0, end = 63;  // coefficients, both included
    int high = 0, low = 0;         // progressive: the lowest bit, and the one that was there before, or 0
    std::uint32_t restart = 0;     // units between restart marks, 0 for none
};

// Reads the data that begin at `at` and notes what they bring; returns where the mark behind them begins.
// Throws Refusal for data that end early, go on, or are damaged.
const std::uint8_t* read_scan(const Frame& frame, const Scan& scan, const std::uint8_t* at, const std::uint8_t* end);

}  // namespace linocut::jpeg
