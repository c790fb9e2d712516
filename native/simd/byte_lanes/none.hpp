// No lanes of bytes: tiles of products are taken.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

struct ByteLanes {
    static constexpr bool usable = false;
};

}  // namespace linocut::LINOCUT_NS
