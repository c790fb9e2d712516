// NEON of 32-bit Arm (ARMv7 with VFPv4 and later). Its floats flush subnormals to zero, so only whole numbers are its
// vectors; floats are computed one by one.
#pragma once

#include "arm32.hpp"
#include "dot/sums_by_multiplying.hpp"
#include "floats/portable.hpp"
#include "half/portable.hpp"
#include "lookup/none.hpp"
#include "neon_integers.hpp"
