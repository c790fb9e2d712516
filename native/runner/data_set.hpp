// Training and predicting on a data set, as the command line asks.
#pragma once

#include "options.hpp"
#include "runner.hpp"

namespace linocut {

// Print what came of it on standard output. Throw Refusal, Divergence, MachineFailure, Interruption.
void train_on_data_set(const Options& options, Runner& run);
void predict_data_set(const Options& options, Runner& run);

}  // namespace linocut
