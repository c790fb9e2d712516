// NEON with the dot products of Armv8.2.
#pragma once

#include "arm64.hpp"
#include "dot/sums_by_dot_products.hpp"
#include "neon_parts.hpp"
