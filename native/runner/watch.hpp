// Stops a training that diverges, as the Trainer does.
#pragma once

#include <cstdint>
#include <string>

#include "metrics.hpp"
#include "runner.hpp"

namespace linocut {

class Watch {
  public:
    Watch(const Runner& run, const std::string& section)
        : run_(run), most_loss_(run.most_loss(section)), before_(Metrics::of(run)) {}

    // Before metrics are cleared or after they were.
    void restart() { before_ = Metrics::of(run_); }

    // After each run of the program, which `where` names. Throws Divergence.
    void end_run(const std::string& where) {
        const Metrics found = Metrics::of(run_);
        const auto examples = static_cast<double>(found.examples - before_.examples);
        const double loss = (found.loss - before_.loss) / (examples > 0.0 ? examples : 1.0);
        before_ = found;
        if (const std::string reason = run_.unsound(false); !reason.empty())
            throw Divergence(text(where, ": ", reason, ": training diverges; take smaller learning rates"));
        if (!(loss <= most_loss_))
            throw Divergence(text(where, ": the loss is ", loss, ", must be ", most_loss_,
                                  " or less: training diverges; take smaller learning rates"));
    }

  private:
    const Runner& run_;
    double most_loss_;
    Metrics before_;
};

}  // namespace linocut
