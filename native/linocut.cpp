#include "linocut.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "arena.hpp"
#include "error.hpp"
#include "guarded.hpp"
#include "isa.hpp"
#include "machine.hpp"
#include "program.hpp"
#include "signature.hpp"
#include "soundness.hpp"

using namespace linocut;

struct lc_program {
    std::shared_ptr<const Program> program;
};

struct lc_session {
    Machine machine;
};

namespace {

const Section* find_section(const lc_session* session, const char* name, char* reason, std::size_t size) {
    return guarded(reason, size, [&] {
        const Section* section = session->machine.program().find_section(name);
        if (section == nullptr) refuse("no section is called '", printable(name), "'");
        return section;
    });
}

int run(lc_session* session, const char* name, std::uint64_t* nanoseconds, char* reason, std::size_t size) {
    const Section* section = find_section(session, name, reason, size);
    if (section == nullptr) return -1;
    const auto run = [&] { return session->machine.run(*section, nanoseconds), section; };
    return guarded(reason, size, run) == nullptr ? -1 : 0;
}

}  // namespace

lc_program* lc_program_load(const void* data, size_t size, char* reason, size_t reason_size) {
    return guarded(reason, reason_size, [&] {
        return new lc_program{std::make_shared<const Program>(load(static_cast<const std::uint8_t*>(data), size))};
    });
}

void lc_program_free(lc_program* program) { delete program; }

uint64_t lc_program_arena_bytes(const lc_program* program) { return program->program->arena_bytes; }

uint64_t lc_program_workspace_bytes(const lc_program* program) { return program->program->workspace_bytes; }

uint64_t lc_program_memory_bytes(const lc_program* program, int threads) {
    return program->program->memory_bytes(std::clamp(threads, 1, most_threads));
}

int lc_program_buffer(const lc_program* program, const char* name, uint64_t* offset, uint64_t* bytes) {
    const Buffer* found = program->program->find_buffer(name);
    if (found == nullptr) return -1;
    *offset = found->offset;
    *bytes = found->bytes;
    return 0;
}

int lc_program_shape(const lc_program* program, const char* name, int* format, int* dimensions,
                     const uint32_t** sizes) {
    const Buffer* found = program->program->find_buffer(name);
    if (found == nullptr) return -1;
    *format = static_cast<int>(found->format);
    *dimensions = found->dimensions;
    *sizes = found->sizes.data();
    return 0;
}

int lc_program_state(const lc_program* program, int index, const char** name, uint64_t* offset, uint64_t* bytes) {
    if (index < 0) return -1;
    for (const Buffer& buffer : program->program->buffers) {
        if (!buffer.persistent || buffer.base != absent || index-- > 0) continue;
        *name = buffer.name.c_str();
        *offset = buffer.offset;
        *bytes = buffer.bytes;
        return 0;
    }
    return -1;
}

int lc_program_fed(const lc_program* program, const char* section, int index, const char** name) {
    const Section* found = program->program->find_section(section);
    if (found == nullptr || index < 0) return -1;
    std::uint32_t number = absent;
    const auto list = [&] {
        const std::vector<std::uint32_t> all = fed_buffers(*program->program, *found);
        if (static_cast<std::size_t>(index) < all.size()) number = all[static_cast<std::size_t>(index)];
        return &number;
    };
    if (guarded(nullptr, 0, list) == nullptr || number == absent) return -1;
    *name = program->program->buffers[number].name.c_str();
    return 0;
}

double lc_program_most_loss(const lc_program* program, const char* section) {
    const Section* found = program->program->find_section(section);
    return found == nullptr ? std::numeric_limits<double>::max() : most_sensible_loss(*program->program, *found);
}

int lc_program_check_state(const lc_program* program, const void* arena, int whole, char* reason, size_t reason_size) {
    const auto check = [&] {
        check_state(*program->program, static_cast<const std::uint8_t*>(arena), whole != 0);
        return program;
    };
    return guarded(reason, reason_size, check) == nullptr ? -1 : 0;
}

void* lc_arena_allocate(uint64_t bytes) { return allocate_arena(bytes); }

void lc_arena_free(void* arena, uint64_t bytes) { free_arena(arena, bytes); }

lc_session* lc_session_open(const lc_program* program, void* memory, int threads, const char* isa, char* reason,
                            size_t reason_size) {
    return guarded(reason, reason_size, [&] {
        const KernelTable& kernels = find_kernels(isa == nullptr ? "" : isa);
        auto* bytes = static_cast<std::uint8_t*>(memory);
        return new lc_session{{program->program, bytes, kernels, threads}};
    });
}

void lc_session_free(lc_session* session) { delete session; }

int lc_session_run(lc_session* session, const char* section, char* reason, size_t reason_size) {
    return run(session, section, nullptr, reason, reason_size);
}

int lc_session_run_part(lc_session* session, const char* name, int64_t begin, int64_t end, char* reason,
                        size_t reason_size) {
    const Section* section = find_section(session, name, reason, reason_size);
    if (section == nullptr) return -1;
    const auto run = [&] {
        const std::int64_t length = section->end - section->begin;
        if (begin < 0 || begin > end || end > length)
            refuse("a part of '", printable(name), "' is ", begin, " to ", end, ", there are ", length,
                   " instructions");
        Section part = *section;
        part.begin = section->begin + static_cast<std::uint32_t>(begin);
        part.end = section->begin + static_cast<std::uint32_t>(end);
        session->machine.run(part);
        return section;
    };
    return guarded(reason, reason_size, run) == nullptr ? -1 : 0;
}

int64_t lc_session_section_length(const lc_session* session, const char* section) {
    const Section* found = session->machine.program().find_section(section);
    return found == nullptr ? -1 : std::int64_t{found->end} - found->begin;
}

int lc_session_run_timed(lc_session* session, const char* section, uint64_t* nanoseconds, char* reason,
                         size_t reason_size) {
    return run(session, section, nanoseconds, reason, reason_size);
}

int lc_failure(void) { return last_failure; }

const char* lc_session_isa(const lc_session* session) { return session->machine.isa(); }

int lc_session_threads(const lc_session* session) { return session->machine.threads(); }

const char* lc_isa_name(int index) {
    const auto tables = usable_kernels();
    return index >= 0 && static_cast<std::size_t>(index) < tables.size() ? tables[static_cast<std::size_t>(index)]->isa
                                                                         : nullptr;
}

int lc_op(int index, int* code, const char** name, const char** signature) {
    if (index < 0 || static_cast<std::size_t>(index) >= ops().size()) return -1;
    const Op& op = ops()[static_cast<std::size_t>(index)];
    *code = op.code;
    *name = op.name.data();  // a literal of ops.def, so it ends with a zero byte
    *signature = op.text;
    return 0;
}
