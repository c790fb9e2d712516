// No vectors of 16 floats beside masks: kernels take 64 numbers at a time through arrays.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

struct Sixteen {
    static constexpr bool usable = false;
};

}  // namespace linocut::LINOCUT_NS
