// NEON, as every 64-bit Arm has it.
#pragma once

#include "add_pairs/neon.hpp"
#include "dot/sums_by_multiplying.hpp"
#include "neon_parts.hpp"
