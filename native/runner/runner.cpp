#include "runner.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "files.hpp"

namespace linocut {
namespace {

int or_processors(int threads) {
    const auto processors = static_cast<int>(std::thread::hardware_concurrency());
    return threads > 0 ? threads : std::clamp(processors, 1, 256);
}

}  // namespace

Memory::Memory(std::uint64_t bytes) : bytes_(bytes), data_(static_cast<std::uint8_t*>(lc_arena_allocate(bytes))) {
    if (data_ == nullptr)
        throw MachineFailure(
            text("arena and workspaces take ", bytes, " bytes, the machine has not that much; take fewer --threads"));
}

std::unique_ptr<lc_program, Runner::FreeProgram> Runner::load(const std::string& path) {
    const std::vector<std::uint8_t> bytes = read_all(path);
    char reason[LC_REASON_BYTES] = "";
    std::unique_ptr<lc_program, FreeProgram> program(
        lc_program_load(bytes.data(), bytes.size(), reason, sizeof reason));
    if (program == nullptr) fail(text(path, ": ", reason));
    return program;
}

Runner::Runner(const std::string& program, int threads, const std::string& isa)
    : program_(load(program)), memory_(lc_program_memory_bytes(program_.get(), or_processors(threads))) {
    char reason[LC_REASON_BYTES] = "";
    session_.reset(
        lc_session_open(program_.get(), memory_.data(), or_processors(threads), isa.c_str(), reason, sizeof reason));
    if (session_ == nullptr) fail(reason);
}

void Runner::once(const std::string& section) {
    char reason[LC_REASON_BYTES] = "";
    if (lc_session_run(session_.get(), section.c_str(), reason, sizeof reason) != 0) fail(reason);
}

std::string Runner::unsound(bool whole) const {
    char reason[LC_REASON_BYTES] = "";
    lc_program_check_state(program_.get(), memory_.data(), whole, reason, sizeof reason);
    return reason;
}

Place Runner::place(const std::string& name) const {
    std::uint64_t offset = 0, bytes = 0;
    if (lc_program_buffer(program_.get(), name.c_str(), &offset, &bytes) != 0)
        refuse("no buffer is called '", printable(name), "'");
    return {memory_.data() + offset, bytes};
}

Records Runner::records(const std::string& name) const {
    Records found{place(name), Element::u8, 0, 1};
    int format = 0, dimensions = 0;
    const std::uint32_t* sizes = nullptr;
    lc_program_shape(program_.get(), name.c_str(), &format, &dimensions, &sizes);
    found.format = static_cast<Element>(format);
    found.rows = sizes[0];
    for (int d = 1; d < dimensions; ++d) found.elements *= sizes[d];
    return found;
}

}  // namespace linocut
