// NEON, as every 64-bit Arm has it.
#pragma once

#include "arm64.hpp"
#include "dot/sums_by_multiplying.hpp"
#include "neon_parts.hpp"
