// checkpoint.bin: where a training on a device has come to, with its settings; `linocut pack` writes the first one.
//
// Little-endian: the fields of `Training` as put() in checkpoint.cpp has them (src/linocut/train/device_checkpoint.py
// is its twin), the SHA-256 of the program, the state, and the SHA-256 of all before. Written whole or not at all.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "runner.hpp"
#include "schedule.hpp"

namespace linocut {

// Settings, and how far training has come: `epoch` of `epochs` are done, and `step` steps of the next.
struct Training {
    Schedule schedule;
    double learning_rate = 0.0;
    std::uint64_t seed = 0;
    std::uint64_t batch = 0;     // examples of a step
    std::uint64_t examples = 0;  // of the data; 0 before the first step, where any will do
    std::uint64_t epochs = 1;
    std::uint64_t save_every = 0;  // steps; 0: after epochs alone
    std::uint64_t classes = 0;     // that labels tell apart; 0 where they are numbers
    std::uint64_t binary_weights = 0;
    double low = -std::numeric_limits<float>::max(), high = std::numeric_limits<float>::max();  // of values in floats

    std::uint64_t epoch = 0, step = 0;
    ScheduleState past;
    double seconds = 0.0;   // that the steps of the unfinished epoch took
    bool own_data = false;  // whether it was given other examples than those that were packed

    bool begun() const { return epoch > 0 || step > 0; }
    std::uint64_t steps() const { return examples / batch; }  // of an epoch
};

// Throws Refusal for one that is damaged, of another program, or of a training that cannot be.
Training read_checkpoint(const std::string& path, const std::string& program, const Runner& run);
// Throws Divergence where the state is none that may be kept, and the file stays as it is; else MachineFailure.
void write_checkpoint(const std::string& path, const std::string& program, const Runner& run, const Training& training);

}  // namespace linocut
