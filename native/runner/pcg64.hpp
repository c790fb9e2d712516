// The raw numbers of NumPy's PCG64(SeedSequence([seed, epoch])), as src/linocut/data/pcg64.py has them, with its
// sources.
#pragma once

#include <cstdint>

#include "wide.hpp"

namespace linocut {

class Pcg64 {
  public:
    Pcg64(std::uint64_t seed, std::uint64_t epoch);

    std::uint64_t next() {
        const std::uint64_t mixed = state_.high ^ state_.low;
        const auto turn = static_cast<unsigned>(state_.high >> 58);
        state_ = state_ * multiplier + increment_;
        return mixed >> turn | mixed << (-turn & 63);
    }

  private:
    static constexpr Wide multiplier{0x2360ED051FC65DA4, 0x4385DF649FCCF645};

    Wide state_, increment_;
};

}  // namespace linocut
