// The virtual machine: a checked program over an arena, with kernels and threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/kernel.hpp"
#include "pool.hpp"
#include "program.hpp"

namespace linocut {

class Machine {
  public:
    // `arena` has program->arena_bytes, aligned to `alignment`, and outlives the machine. Throws Refusal or
    // std::system_error.
    Machine(std::shared_ptr<const Program> program, std::uint8_t* arena, const KernelTable& kernels,
            int threads);

    const Program& program() const { return *program_; }
    const char* isa() const { return isa_; }
    int threads() const { return pool_.threads(); }

    // Runs the section; neither allocates nor throws. `nanoseconds`, if given, receives the time of each of
    // its instructions. Calls from several threads take turns.
    void run(const Section& section, std::uint64_t* nanoseconds = nullptr) noexcept;

  private:
    struct Step {
        const Kernel* kernel = nullptr;
        Call call;
        std::int64_t units[most_phases] = {};
    };

    void bind_operands(std::uint8_t* arena);
    void bind_steps(const KernelTable& kernels);
    void run(const Step& step) noexcept;

    std::shared_ptr<const Program> program_;
    const char* isa_;
    std::vector<Operand> operands_;  // of all instructions in a row, as in Program::operands
    std::vector<Step> steps_;
    std::mutex running_;
    Pool pool_;
};

}  // namespace linocut
