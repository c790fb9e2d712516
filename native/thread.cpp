#include "thread.hpp"

#include <unistd.h>

#ifdef __linux__
#include <link.h>
#endif

#include <algorithm>
#include <climits>
#include <system_error>

namespace linocut {
namespace {

#if defined(__SANITIZE_ADDRESS__)
#define LINOCUT_GUARDED_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LINOCUT_GUARDED_FRAMES
#endif
#endif

constexpr std::size_t KiB = 1024;

// For the deepest kernel of any instruction set with all that it calls, the callers between, and the frame of a signal:
// tiles are in workspaces (kernels/workspace.hpp), not here. tests/test_kernel_stacks.py holds it against the
// compiler's figures. The address sanitizer puts guards into frames.
#ifdef LINOCUT_GUARDED_FRAMES
constexpr std::size_t kernel_stack_bytes = 256 * KiB;
#else
constexpr std::size_t kernel_stack_bytes = 48 * KiB;
#endif

// What the C library puts of its own on a thread's stack, and the guard behind it that it takes from its size.
constexpr std::size_t library_bytes = 32 * KiB;
constexpr std::size_t least_bytes = 128 * KiB;

void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category());
}

// Thread-local variables of all libraries: glibc puts those that the process started with on every thread's
// stack.
std::size_t thread_local_bytes() {
    std::size_t bytes = 0;
#ifdef __linux__
    const auto add = [](dl_phdr_info* library, std::size_t, void* sum) {
        for (int i = 0; i < library->dlpi_phnum; ++i)
            if (const auto& part = library->dlpi_phdr[i]; part.p_type == PT_TLS)
                *static_cast<std::size_t*>(sum) += part.p_memsz + part.p_align;
        return 0;
    };
    dl_iterate_phdr(add, &bytes);
#endif
    return bytes;
}

// Whole pages, as some systems ask for.
std::size_t find_stack_bytes() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t needed = kernel_stack_bytes + library_bytes + thread_local_bytes() + PTHREAD_STACK_MIN;
    return (std::max(needed, least_bytes) + page - 1) / page * page;
}

const std::size_t stack_bytes = find_stack_bytes();  // as the core is loaded: no fork comes in between

class Attributes {
  public:
    Attributes() { check(pthread_attr_init(&attributes_)); }
    ~Attributes() { pthread_attr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    pthread_attr_t* get() { return &attributes_; }

  private:
    pthread_attr_t attributes_;
};

}  // namespace

pthread_t Thread::start(void* (*run)(void*), void* work) {
    Attributes attributes;
    check(pthread_attr_setstacksize(attributes.get(), stack_bytes));
    pthread_t handle;
    check(pthread_create(&handle, attributes.get(), run, work));
    return handle;
}

}  // namespace linocut
