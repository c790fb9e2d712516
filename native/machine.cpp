#include "machine.hpp"

#include <chrono>
#include <system_error>
#include <thread>

#include "error.hpp"
#include "floating_point.hpp"
#include "isa.hpp"
#include "signature.hpp"

namespace linocut {
namespace {

int checked(int threads) {
    if (threads < 1 || threads > most_threads) refuse("threads is ", threads, ", must be 1 to ", most_threads);
    return threads;
}

// An instruction on so many bytes takes less time than it takes another thread to see that there is one.
constexpr std::uint64_t small_bytes = 8192;

// Of all its operands.
std::uint64_t bytes_of(const Program& program, const Instruction& instruction) {
    std::uint64_t bytes = 0;
    for (std::uint32_t index : program.operands_of(instruction))
        if (index != absent) bytes += program.buffers[index].bytes;
    return bytes;
}

// What a set has no kernel for, the last one does.
const Kernel& find_kernel(const KernelTable& kernels, const Op& op, std::size_t number) {
    for (const KernelTable* table : {&kernels, &last_kernels()})
        if (table->kernels[op.code].phases[0].run != nullptr) return table->kernels[op.code];
    refuse("instruction ", number, ": ", op.name, " has no kernel in ", kernels.isa, " or ", last_kernels().isa);
}

}  // namespace

Machine::Machine(std::shared_ptr<const Program> program, std::uint8_t* memory, const KernelTable& kernels, int threads)
    : program_(std::move(program)),
      isa_(kernels.isa),
      running_(std::make_unique<std::mutex>()),
      pool_(checked(threads), program_->workspace_bytes) {
    if (reinterpret_cast<std::uintptr_t>(memory) % alignment != 0)
        refuse("the arena's address is not a multiple of ", alignment);
    bind_operands(memory);
    bind_steps(kernels, memory + program_->workspaces());
}

void Machine::bind_operands(std::uint8_t* arena) {
    operands_.reserve(program_->operands.size());
    for (std::uint32_t index : program_->operands) {
        Operand operand;
        if (index != absent) {
            const Buffer& buffer = program_->buffers[index];
            operand = {arena + buffer.offset, buffer.format, buffer.rows(), buffer.cols(), buffer.sizes.data()};
        }
        operands_.push_back(operand);
    }
}

void Machine::bind_steps(const KernelTable& kernels, std::uint8_t* workspaces) {
    steps_.reserve(program_->instructions.size());
    for (const Instruction& instruction : program_->instructions) {
        Step step;
        step.kernel = &find_kernel(kernels, *find_op(instruction.op), steps_.size());
        step.call.operands = operands_.data() + instruction.first_operand;
        step.call.attributes = program_->attributes.data() + instruction.first_attribute;
        step.call.workspace = workspaces;
        step.call.workspace_bytes = static_cast<std::int64_t>(instruction.workspace_bytes);
        for (int phase = 0; phase < most_phases; ++phase)
            if (const Units units = step.kernel->phases[phase].units; units != nullptr)
                step.units[phase] = units(step.call);
        step.small = bytes_of(*program_, instruction) <= small_bytes;
        steps_.push_back(step);
    }
}

// Starts the threads again where the process was forked since. One thread of the child makes it ready, and
// others that come meanwhile wait for that.
void Machine::prepare() {
    const std::uint64_t wanted = std::uint64_t{forks()} << 1;
    for (std::uint64_t found = ready_.load(std::memory_order_acquire); found != wanted;
         found = ready_.load(std::memory_order_acquire)) {
        if (found == (wanted | 1) || !ready_.compare_exchange_strong(found, wanted | 1, std::memory_order_acquire)) {
            std::this_thread::yield();
            continue;
        }
        cut_ = cut_ || busy_.load(std::memory_order_relaxed);
        static_cast<void>(running_.release());  // perhaps locked, by a thread that is not here
        try {
            running_ = std::make_unique<std::mutex>();
            if (!cut_) pool_.restart();
        } catch (...) {
            ready_.store(found, std::memory_order_release);
            throw;
        }
        ready_.store(wanted, std::memory_order_release);
    }
    if (cut_)
        refuse(
            "the process was forked while this session ran, which left it half-way through a section; open "
            "another session");
}

// The pool returns from a phase when all of it is done.
void Machine::run(const Step& step) noexcept {
    for (int phase = 0; phase < most_phases; ++phase) {
        if (step.units[phase] == 0) continue;
        const Phase& all = step.kernel->phases[phase];
        step.small ? all.run(step.call, 0, step.units[phase]) : pool_.run(all, step.call, step.units[phase]);
    }
}

void Machine::run(const Section& section, std::uint64_t* nanoseconds) {
    prepare();
    const std::lock_guard<std::mutex> turn(*running_);
    using Clock = std::chrono::steady_clock;
    const DefaultFloatingPoint guard;
    busy_.store(true, std::memory_order_relaxed);
    for (std::uint32_t i = section.begin; i < section.end; ++i) {
        const Step& step = steps_[i];
        if (nanoseconds == nullptr) {
            run(step);
            continue;
        }
        const auto start = Clock::now();
        run(step);
        const auto taken = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start);
        *nanoseconds++ = static_cast<std::uint64_t>(taken.count());
    }
    busy_.store(false, std::memory_order_relaxed);
}

}  // namespace linocut
