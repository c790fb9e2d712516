// linocut._native: the C interface and the check of JPEGs in Python. Nothing is decided here.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isa.hpp"
#include "jpeg/check.hpp"
#include "linocut.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

struct Reason {
    char text[LC_REASON_BYTES] = "";
};

[[noreturn]] void raise_memory_error(std::uint64_t bytes) {
    PyErr_Format(PyExc_MemoryError,
                 "arena and workspaces take %llu bytes, the machine has not that much; use a smaller "
                 "batch or fewer threads",
                 static_cast<unsigned long long>(bytes));
    throw nb::python_error();
}

[[noreturn]] void raise_failure(const Reason& reason) {
    if (lc_failure() == LC_REFUSED) throw nb::value_error(reason.text);
    PyErr_SetString(lc_failure() == LC_NO_MEMORY ? PyExc_MemoryError : PyExc_OSError, reason.text);
    throw nb::python_error();
}

// A thread that comes back when Python has begun to exit gets no lock any more: Python, up to 3.13, ends it
// by an exception, which would come to functions that none may leave, and end the process. It waits instead.
void take_lock(PyThreadState* thread) {
    try {
        PyEval_RestoreThread(thread);
    } catch (...) {
        for (;;) pause();
    }
}

// As it is called without the interpreter's lock; whether it failed.
template <class Run>
bool released(Run run) {
    PyThreadState* const thread = PyEval_SaveThread();
    const bool failed = run() != 0;
    take_lock(thread);
    return failed;
}

class Program {
  public:
    explicit Program(const nb::bytes& data) {
        Reason reason;
        program_.reset(lc_program_load(data.c_str(), data.size(), reason.text, sizeof reason.text));
        if (program_ == nullptr) raise_failure(reason);
    }

    const lc_program* get() const { return program_.get(); }
    std::uint64_t arena_bytes() const { return lc_program_arena_bytes(get()); }
    std::uint64_t workspace_bytes() const { return lc_program_workspace_bytes(get()); }
    std::uint64_t memory_bytes(int threads) const { return lc_program_memory_bytes(get(), threads); }

  private:
    struct Free {
        void operator()(lc_program* program) const { lc_program_free(program); }
    };
    std::unique_ptr<lc_program, Free> program_;
};

class Memory {
  public:
    explicit Memory(std::uint64_t bytes) : bytes_(bytes), data_(lc_arena_allocate(bytes)) {
        if (data_ == nullptr) raise_memory_error(bytes);
    }
    ~Memory() { lc_arena_free(data_, bytes_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    void* data() const { return data_; }

  private:
    std::uint64_t bytes_;
    void* data_;
};

class Session {
  public:
    Session(const Program& program, int threads, const std::string& isa)
        : memory_(program.memory_bytes(threads)), arena_bytes_(program.arena_bytes()) {
        Reason reason;
        session_.reset(
            lc_session_open(program.get(), memory_.data(), threads, isa.c_str(), reason.text, sizeof reason.text));
        if (session_ == nullptr) raise_failure(reason);
    }

    void run(const std::string& section) {
        Reason reason;
        if (released([&] { return lc_session_run(session_.get(), section.c_str(), reason.text, sizeof reason.text); }))
            raise_failure(reason);
    }

    void run_part(const std::string& section, std::int64_t begin, std::int64_t end) {
        Reason reason;
        if (released([&] {
                return lc_session_run_part(session_.get(), section.c_str(), begin, end, reason.text,
                                           sizeof reason.text);
            }))
            raise_failure(reason);
    }

    std::vector<std::uint64_t> run_timed(const std::string& section) {
        const std::int64_t length = lc_session_section_length(session_.get(), section.c_str());
        std::vector<std::uint64_t> nanoseconds(static_cast<std::size_t>(length < 0 ? 0 : length));
        Reason reason;
        if (released([&] {
                return lc_session_run_timed(session_.get(), section.c_str(), nanoseconds.data(), reason.text,
                                            sizeof reason.text);
            }))
            raise_failure(reason);
        return nanoseconds;
    }

    void* arena() const { return memory_.data(); }
    std::size_t arena_bytes() const { return static_cast<std::size_t>(arena_bytes_); }
    const char* isa() const { return lc_session_isa(session_.get()); }
    int threads() const { return lc_session_threads(session_.get()); }

  private:
    struct Free {
        void operator()(lc_session* session) const { lc_session_free(session); }
    };
    Memory memory_;  // outlives the session: members go in the reverse order
    std::uint64_t arena_bytes_;
    std::unique_ptr<lc_session, Free> session_;
};

// A view that keeps the Python session alive.
nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>> arena_view(nb::handle self) {
    const auto& session = nb::cast<const Session&>(self);
    return {session.arena(), {session.arena_bytes()}, self};
}

std::vector<std::string> isas() {
    std::vector<std::string> names;
    for (int i = 0; const char* name = lc_isa_name(i); ++i) names.emplace_back(name);
    return names;
}

double peak(const std::string& isa, const std::string& kind) {
    Reason reason;
    double per_second = 0.0;
    if (released([&] { return lc_peak(isa.c_str(), kind.c_str(), &per_second, reason.text, sizeof reason.text); }))
        throw nb::value_error(reason.text);
    return per_second;
}

// For tests: by tables or not, or as it is by itself.
void use_tables(std::optional<bool> wanted) {
    using linocut::Tables;
    const Tables by_itself = linocut::tables_of_environment();
    linocut::tables_wanted = !wanted ? by_itself : *wanted ? Tables::always : Tables::never;
}

std::string jpeg_fault(const nb::bytes& data) {
    const auto* bytes = static_cast<const std::uint8_t*>(data.data());
    const std::size_t size = data.size();
    const nb::gil_scoped_release released;
    return linocut::jpeg::fault(bytes, size);
}

nb::list signatures() {
    nb::list table;
    int code = 0;
    const char* name = "";
    const char* signature = "";
    for (int i = 0; lc_op(i, &code, &name, &signature) == 0; ++i) table.append(nb::make_tuple(code, name, signature));
    return table;
}

}  // namespace

NB_MODULE(_native, m) {
    nb::set_leak_warnings(false);  // threads that are left waiting, or behind by a fork, hold what they held
    m.doc() = "The native core: checked programs and sessions that run them.";
    nb::class_<Program>(m, "Program")
        .def(nb::init<const nb::bytes&>(), "data"_a)
        .def_prop_ro("arena_bytes", &Program::arena_bytes)
        .def_prop_ro("workspace_bytes", &Program::workspace_bytes);
    nb::class_<Session>(m, "Session")
        .def(nb::init<const Program&, int, const std::string&>(), "program"_a, "threads"_a, "isa"_a = "")
        .def_prop_ro("arena", [](nb::handle self) { return arena_view(self); })
        .def_prop_ro("isa", &Session::isa)
        .def_prop_ro("threads", &Session::threads)
        .def("run", &Session::run, "section"_a)
        .def("run_part", &Session::run_part, "section"_a, "begin"_a, "end"_a)
        .def("run_timed", &Session::run_timed, "section"_a);
    m.def("isas", &isas);
    m.def("jpeg_fault", &jpeg_fault, "data"_a);
    m.def("peak", &peak, "isa"_a, "kind"_a);
    m.def("signatures", &signatures);
    m.def("use_tables", &use_tables, "wanted"_a.none());
}
