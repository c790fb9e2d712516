// The raw numbers of NumPy's PCG64(SeedSequence([seed, epoch])), as src/linocut/data/pcg64.py has them, with its
// sources.
#pragma once

#include <cstdint>

namespace linocut {

class Pcg64 {
  public:
    Pcg64(std::uint64_t seed, std::uint64_t epoch);

    std::uint64_t next() {
        const auto high = static_cast<std::uint64_t>(state_ >> 64), low = static_cast<std::uint64_t>(state_);
        const std::uint64_t mixed = high ^ low;
        const auto turn = static_cast<unsigned>(high >> 58);
        state_ = state_ * multiplier + increment_;
        return mixed >> turn | mixed << (-turn & 63);
    }

  private:
    __extension__ using Wide = unsigned __int128;

    static constexpr Wide multiplier = Wide{0x2360ED051FC65DA4} << 64 | 0x4385DF649FCCF645;

    Wide state_ = 0, increment_ = 0;
};

}  // namespace linocut
