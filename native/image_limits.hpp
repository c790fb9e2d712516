// The limits of instructions on images: convolutions, pools and what goes with them (op codes 20 to 37).
#pragma once

#include <span>
#include <string>

#include "signature.hpp"

namespace linocut {

// A reason to refuse the instruction, or "" (also for every other instruction). As `limits` and `geometry` in
// src/linocut/ops have them; attributes are finite.
std::string image_limits(const Matched& matched, std::span<const double> attributes);

}  // namespace linocut
