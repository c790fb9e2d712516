// Nothing that looks many bytes up at once: products of bytes are taken.
#pragma once

#include "runs.hpp"

namespace linocut::LINOCUT_NS {

struct Lookups {
    static constexpr bool usable = false;
};

}  // namespace linocut::LINOCUT_NS
