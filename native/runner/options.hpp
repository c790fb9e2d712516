// The command line of linocut-runner.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace linocut {

inline constexpr char usage[] =
    "usage: linocut-runner PROGRAM [options]\n"
    "  --state FILE         the persistent state to begin with; zeros without it\n"
    "  --feed NAME=FILE     before every run, the next bytes of FILE go to the buffer NAME; past the end, from\n"
    "                       the start again\n"
    "  --rates FILE         before every run, the next 64-bit float of FILE is the learning rate\n"
    "  --collect NAME=FILE  after every run, the bytes of the buffer NAME are appended to a new FILE\n"
    "  --section NAME       what to run (train)\n"
    "  --runs N             how often (as often as the feeds have batches)\n"
    "  --threads N          1 to 256 (the processors at hand)\n"
    "  --isa NAME           the instruction set ($LINOCUT_ISA, or the best)\n"
    "  --save FILE          where to write the state at the end\n";

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
    std::vector<Pairing> feeds;
    std::vector<Pairing> collected;
    std::uint64_t runs = 0;  // 0: as many as the feeds have
    int threads = 0;         // 0: the processors at hand
    bool help = false;
};

// Throws Refusal for what cannot be.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace linocut
