// The command line of linocut-runner.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace linocut {

inline constexpr char usage[] =
    "usage: linocut-runner FOLDER [options]     what linocut pack wrote: trains to the end, or goes on\n"
    "       linocut-runner PROGRAM [options]\n"
    "\n"
    "A data set: its examples are taken in an order of their own in each epoch, as linocut train does.\n"
    "  --images FILE        its examples: IDX, not gzipped, or raw records in a file called .bin\n"
    "  --labels FILE        their labels: IDX, or raw 32-bit integers in a file called .bin; -1: not known\n"
    "  --test-images FILE   examples to test on after each epoch\n"
    "  --test-labels FILE   their labels\n"
    "  --epochs N           epochs in all (those of the checkpoint, or 1)\n"
    "  --lr X               the learning rate at first (that of the checkpoint or the state)\n"
    "  --schedule NAME      constant, step, cosine or plateau (that of the checkpoint, or constant)\n"
    "  --seed N             of the order of the examples (that of the checkpoint, or 0)\n"
    "  --checkpoint FILE    where training goes on from, if it is there, and is kept after each epoch and at Ctrl-C\n"
    "  --save-every N       a checkpoint after every N steps too\n"
    "\n"
    "Batches, in the order in which they are to be run:\n"
    "  --feed NAME=FILE     before every run, the next bytes of FILE go to the buffer NAME; past the end, from\n"
    "                       the start again\n"
    "  --rates FILE         before every run, the next 64-bit float of FILE is the learning rate\n"
    "  --runs N             how often (as often as the feeds have batches)\n"
    "\n"
    "Of both:\n"
    "  --section NAME       what to run (train); predict, with labels, says loss and accuracy\n"
    "  --state FILE         the persistent state to begin with, where there is no checkpoint; zeros without it\n"
    "  --save FILE          where to write the state at the end\n"
    "  --collect NAME=FILE  after every run, the bytes of the buffer NAME are appended to a new FILE\n"
    "  --threads N          1 to 256 (the processors at hand)\n"
    "  --isa NAME           the instruction set ($LINOCUT_ISA, or the best)\n";

// A buffer and the file that its bytes come from or go to.
struct Pairing {
    std::string buffer;
    std::string path;
};

struct Options {
    std::string program;
    std::string state;
    std::string rates;
    std::string section = "train";
    std::string isa;
    std::string save;
    std::string images, labels, test_images, test_labels;
    std::string schedule;
    std::string checkpoint;
    std::string log;  // of a folder
    std::vector<Pairing> feeds;
    std::vector<Pairing> collected;
    std::uint64_t runs = 0;        // 0: as many as the feeds have
    std::uint64_t epochs = 0;      // 0: not given, as of those that follow
    std::uint64_t save_every = 0;  // steps
    double learning_rate = 0.0;
    std::uint64_t seed = 0;
    bool seeded = false;    // whether the seed was given
    bool own_data = false;  // whether the examples to train on were
    int threads = 0;        // 0: the processors at hand
    bool help = false;

    bool trains() const { return section == "train"; }
};

// Throws Refusal for what cannot be.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace linocut
