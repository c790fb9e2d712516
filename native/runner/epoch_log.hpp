// log.jsonl of a folder: a line an epoch, as log.jsonl of a run folder has it (src/linocut/train/events.py).
#pragma once

#include <string>

#include "checkpoint.hpp"
#include "epochs.hpp"

namespace linocut {

// Of two lines of one epoch, as where a training was killed before the checkpoint, the later one counts.
void log_epoch(const std::string& path, const Training& training, const EpochEnded& ended);
// The same for people, on standard error.
void show_epoch(const Training& training, const EpochEnded& ended);

}  // namespace linocut
