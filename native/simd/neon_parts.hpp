// What the sets of 64-bit Arm share, beside the sums that dot/neon.hpp is given.
#pragma once

#include "floats/neon.hpp"
#include "half/neon.hpp"
#include "lookup/neon.hpp"
#include "neon_integers.hpp"
