// No vectors of bytes: kernels take rows one by one, in loops for the compiler.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

struct Bytes {
    static constexpr bool usable = false;
};

}  // namespace linocut::LINOCUT_NS
