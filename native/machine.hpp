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

namespace linocut {

class Machine {
  public:
    // `memory` has program->memory_bytes(threads), aligned to `alignment`, and outlives the machine. Throws Refusal or
    // std::system_error.
    Machine(std::shared_ptr<const Program> program, std::uint8_t* memory, const KernelTable& kernels, int threads);

    const Program& program() const { return *program_; }
    const char* isa() const { return isa_; }
    int threads() const { return pool_.threads(); }

    // Runs the section. `nanoseconds`, if given, receives the time of each of its instructions. Calls from
    // several threads take turns. Throws before the first instruction, or not at all: Refusal where a section
    // ran when the process was forked, and std::system_error where the machine has no more threads.
    // Allocates nothing but in the child of a fork.
    void run(const Section& section, std::uint64_t* nanoseconds = nullptr);

  private:
    struct Step {
        const Kernel* kernel = nullptr;
        Call call;
        std::int64_t units[most_phases] = {};
        bool small = false;  // done before another thread would have begun
    };

    void bind_operands(std::uint8_t* arena);
    void bind_steps(const KernelTable& kernels, std::uint8_t* workspaces);
    void prepare();
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
};

}  // namespace linocut
