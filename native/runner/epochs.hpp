// Epochs of training over a data set, as the Trainer does them: its order of examples, its rates, to the same bits.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "checkpoint.hpp"
#include "examples.hpp"
#include "metrics.hpp"
#include "progress.hpp"
#include "runner.hpp"
#include "watch.hpp"

namespace linocut {

// What an epoch came to; `tested` is of the test data, where there are any.
struct EpochEnded {
    std::uint64_t epoch = 0;  // from 1
    Metrics metrics;
    std::optional<Metrics> tested;
    double seconds = 0.0, step_ms = 0.0;
};

class Epochs {
  public:
    // `save` writes where training has come to; `ended` is told of each epoch before it is saved.
    Epochs(Runner& run, Training& training, const Examples& examples, const Examples* test, std::function<void()> save,
           std::function<void(const EpochEnded&)> ended);

    // Until all epochs are done. Throws Interruption, saved, once a signal was noted; Divergence, with nothing saved.
    void train();

  private:
    void train_epoch();
    double step(std::uint64_t number, class EpochOrder& order);
    void end_epoch();
    void check_signal();

    Runner& run_;
    Training& training_;
    const Examples& examples_;
    const Examples* test_;
    std::function<void()> save_;
    std::function<void(const EpochEnded&)> ended_;
    Watch watch_;
    ProgressLine progress_;
    std::vector<float> times_;  // of the epoch's steps, the latest of them, in milliseconds
};

}  // namespace linocut
