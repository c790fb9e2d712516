// What people see of a training on standard error: a line an epoch, and in a terminal where it is within one.
#pragma once

#include <chrono>
#include <cstdint>

#include "metrics.hpp"

namespace linocut {

class ProgressLine {
  public:
    ProgressLine();

    void step(std::uint64_t epoch, std::uint64_t epochs, std::uint64_t step, std::uint64_t steps,
              const Metrics& metrics);
    // Ends the line, so that others may follow.
    void clear();

  private:
    using Clock = std::chrono::steady_clock;

    bool terminal_, shown_ = false;
    Clock::time_point last_;
};

}  // namespace linocut
