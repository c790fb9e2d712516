// The virtual machine: a checked program over an arena, with kernels and threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "kernels/kernel.hpp"
#include "pool.hpp"
#include "program.hpp"
#include "stand_in.hpp"

namespace linocut {

// The machine gives no thread whose stack holds the kernels.
class NoStack : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Machine {
  public:
    // `arena` has program->arena_bytes, aligned to `alignment`, and outlives the machine. Throws Refusal or
    // std::system_error.
    Machine(std::shared_ptr<const Program> program, std::uint8_t* arena, const KernelTable& kernels, int threads);

    const Program& program() const { return *program_; }
    const char* isa() const { return isa_; }
    int threads() const { return pool_.threads(); }

    // Runs the section. `nanoseconds`, if given, receives the time of each of its instructions. Calls from
    // several threads take turns. Throws before the first instruction, or not at all: Refusal where a section
    // ran when the process was forked, NoStack, and std::system_error where the machine has no more threads.
    //
    // Allocates nothing, but for the first time on a thread, which asks how large its stack is, on the first
    // one whose stack is too small for kernels, as another stands in for it, and in the child of a fork.
    void run(const Section& section, std::uint64_t* nanoseconds = nullptr);

  private:
    struct Step {
        const Kernel* kernel = nullptr;
        Call call;
        std::int64_t units[most_phases] = {};
    };

    void bind_operands(std::uint8_t* arena);
    void bind_steps(const KernelTable& kernels);
    void prepare();
    StandIn& stand_in();
    void run_here(const Section& section, std::uint64_t* nanoseconds) noexcept;
    void run(const Step& step) noexcept;

    std::shared_ptr<const Program> program_;
    const char* isa_;
    std::vector<Operand> operands_;  // of all instructions in a row, as in Program::operands
    std::vector<Step> steps_;
    std::unique_ptr<std::mutex> running_;  // apart, since one that was locked in a fork is never unlocked
    std::atomic<bool> busy_{false};        // while a section runs
    bool cut_ = false;                     // a fork came while one did
    // The fork that it is ready for << 1 | whether a thread makes it so now.
    std::atomic<std::uint64_t> ready_{std::uint64_t{forks()} << 1};
    Pool pool_;
    std::unique_ptr<StandIn> stand_in_;  // from the first thread on that needs it
};

}  // namespace linocut
