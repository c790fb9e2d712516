// Fuzzes the loader: bytes are refused with a reason, or they are a program that keeps to its buffers when it runs.
//
// Of the programs that are accepted and small one in eight runs, on the best instruction set, the portable one and that
// in C99, over an arena of arbitrary bytes of which all that belongs to no buffer is poisoned: AddressSanitizer sees
// every access there, or beyond the ends. Built and run by `make fuzz`.
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>

#include "../error.hpp"
#include "../isa.hpp"
#include "../machine.hpp"
#include "../program.hpp"

namespace linocut {
namespace {

// Larger programs are no other code, only slower.
constexpr std::uint64_t most_arena = 1 << 14;
constexpr std::size_t most_instructions = 64;
constexpr unsigned one_in = 8;  // running takes ten times as long as loading

// An arena of exactly so many bytes, filled with the bytes that are being tried.
class Arena {
  public:
    Arena(const Program& program, const std::uint8_t* data, std::size_t size)
        : bytes_(program.arena_bytes),
          data_(static_cast<std::uint8_t*>(operator new(bytes_, std::align_val_t(alignment)))) {
        for (std::uint64_t at = 0; at < bytes_; at += size) std::memcpy(data_ + at, data, std::min(size, bytes_ - at));
        ASAN_POISON_MEMORY_REGION(data_, bytes_);
        for (const Buffer& buffer : program.buffers) ASAN_UNPOISON_MEMORY_REGION(data_ + buffer.offset, buffer.bytes);
    }
    ~Arena() {
        ASAN_UNPOISON_MEMORY_REGION(data_, bytes_);
        operator delete(data_, std::align_val_t(alignment));
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    std::uint8_t* data() const { return data_; }

  private:
    std::uint64_t bytes_;
    std::uint8_t* data_;
};

void run_all(const std::shared_ptr<const Program>& program, const KernelTable& kernels, std::uint8_t* arena) {
    Machine machine(program, arena, kernels, 1);
    for (const Section& section : program->sections) machine.run(section);
}

// Decided by the bytes, so that an input always does the same.
bool is_run(const Program& program, const std::uint8_t* data, std::size_t size) {
    return program.arena_bytes <= most_arena && program.instructions.size() <= most_instructions &&
           program.sections.size() <= most_instructions && std::accumulate(data, data + size, 0U) % one_in == 0;
}

void try_program(const std::uint8_t* data, std::size_t size) {
    const auto program = std::make_shared<const Program>(load(data, size));
    if (!is_run(*program, data, size)) return;
    const Arena arena(*program, data, size);
    run_all(program, *usable_kernels().front(), arena.data());
    run_all(program, portable::kernel_table(), arena.data());
#ifdef LINOCUT_C99
    run_all(program, c99::kernel_table(), arena.data());
#endif
}

}  // namespace
}  // namespace linocut

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        linocut::try_program(data, size);
    } catch (const linocut::Refusal& refusal) {
        if (std::strlen(refusal.what()) == 0) std::abort();  // a reason is owed
    }
    return 0;
}
