// What ends the runner beside a mistake of the user, which is a Refusal (error.hpp).
#pragma once

#include <stdexcept>
#include <string>

#include "../error.hpp"
#include "../linocut.h"

namespace linocut {

// A machine that fails: a full disk, no memory.
class MachineFailure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Training came to numbers that are none, or to a loss beyond any sense.
class Divergence : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A signal asked for the end; what was to be kept is written.
class Interruption : public std::runtime_error {
  public:
    Interruption(int signal, const std::string& said) : std::runtime_error(said), signal_(signal) {}

    int signal() const { return signal_; }

  private:
    int signal_;
};

// For what the C interface could not do: a mistake of the user, or the machine.
[[noreturn]] inline void fail(const std::string& reason) {
    if (lc_failure() == LC_REFUSED) refuse(reason);
    throw MachineFailure(reason);
}

}  // namespace linocut
