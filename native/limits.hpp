// What signatures cannot say: which sizes, formats and attributes an instruction can be computed with.
#pragma once

#include <span>
#include <string>

#include "signature.hpp"

namespace linocut {

// A reason to refuse the instruction, or "". The conditions on sizes and formats are those of `limits` in
// src/linocut/ops; those on attributes keep kernels clear of undefined conversions and of division by zero.
std::string limits(const Matched& matched, std::span<const double> attributes);

}  // namespace linocut
