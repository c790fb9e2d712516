// A loaded program at work in its arena, over the C interface alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../linocut.h"
#include "failures.hpp"

namespace linocut {

inline constexpr char input_name[] = "input", labels_name[] = "labels";

// Bytes of the arena.
struct Place {
    std::uint8_t* data = nullptr;
    std::uint64_t bytes = 0;
};

// Those of examples and labels, of the codes in src/linocut/formats.py.
enum class Element : int { u8 = 1, i32 = 4, f32 = 7 };

// How a buffer holds the examples of a run: `rows` records of so many elements.
struct Records {
    Place place;
    Element format = Element::u8;
    std::uint64_t rows = 0, elements = 0;

    std::uint64_t record_bytes() const { return place.bytes / rows; }
};

// The arena, and behind it the threads' workspaces.
class Memory {
  public:
    explicit Memory(std::uint64_t bytes);  // throws MachineFailure
    ~Memory() { lc_arena_free(data_, bytes_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    std::uint8_t* data() const { return data_; }

  private:
    std::uint64_t bytes_;
    std::uint8_t* data_;
};

class Runner {
  public:
    // `threads` 0: the processors at hand. Throws Refusal or MachineFailure.
    Runner(const std::string& program, int threads, const std::string& isa);

    bool has_section(const std::string& name) const {
        return lc_session_section_length(session_.get(), name.c_str()) >= 0;
    }
    void once(const std::string& section);

    // Why the state is none that may be kept, or "": of all of it, or of what is small.
    std::string unsound(bool whole) const;
    double most_loss(const std::string& section) const { return lc_program_most_loss(program_.get(), section.c_str()); }

    // visit(name) of the buffers that must be fed.
    template <class Visit>
    void each_fed(const std::string& section, const Visit& visit) const {
        const char* name = "";
        for (int i = 0; lc_program_fed(program_.get(), section.c_str(), i, &name) == 0; ++i) visit(std::string(name));
    }

    bool has(const std::string& name) const {
        std::uint64_t offset = 0, bytes = 0;
        return lc_program_buffer(program_.get(), name.c_str(), &offset, &bytes) == 0;
    }
    Place place(const std::string& name) const;  // throws Refusal where there is none
    Records records(const std::string& name) const;

    // visit(name, place) of all that makes up the state, in order.
    template <class Visit>
    void each_of_state(const Visit& visit) const {
        const char* name = "";
        std::uint64_t offset = 0, bytes = 0;
        for (int i = 0; lc_program_state(program_.get(), i, &name, &offset, &bytes) == 0; ++i)
            visit(std::string_view(name), Place{memory_.data() + offset, bytes});
    }

    const char* isa() const { return lc_session_isa(session_.get()); }
    int threads() const { return lc_session_threads(session_.get()); }

  private:
    struct FreeProgram {
        void operator()(lc_program* program) const { lc_program_free(program); }
    };
    struct FreeSession {
        void operator()(lc_session* session) const { lc_session_free(session); }
    };

    static std::unique_ptr<lc_program, FreeProgram> load(const std::string& path);

    std::unique_ptr<lc_program, FreeProgram> program_;
    Memory memory_;  // outlives the session: members go in the reverse order
    std::unique_ptr<lc_session, FreeSession> session_;
};

}  // namespace linocut
