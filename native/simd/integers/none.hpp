// Fixed-point numbers without vectors of their own: kernels take them one by one, in loops for the compiler.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

struct Integers {
    static constexpr bool usable = false, keeps_words = false;
};

}  // namespace linocut::LINOCUT_NS
