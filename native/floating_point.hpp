// While it lives, floating point has its default modes: to nearest, subnormals kept.
//
// A host may have set others for its threads (PyTorch can flush subnormals to zero), and results must not
// depend on that.
#pragma once

#include <cfenv>

namespace linocut {

class DefaultFloatingPoint {
  public:
    DefaultFloatingPoint() noexcept {
        std::fegetenv(&saved_);
        std::fesetenv(FE_DFL_ENV);
    }
    ~DefaultFloatingPoint() { std::fesetenv(&saved_); }
    DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
    DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

  private:
    std::fenv_t saved_;
};

}  // namespace linocut
