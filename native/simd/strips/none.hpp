// No products of strips of bytes: convolutions of few channels gather rows.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

struct Strips {
    static constexpr bool usable = false;
};

}  // namespace linocut::LINOCUT_NS
