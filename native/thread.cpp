#include "thread.hpp"

#include <unistd.h>

#include <climits>
#include <system_error>

#include "stack.hpp"

namespace linocut {
namespace {

// The C library puts a thread's own data on its stack, the thread-local variables of all libraries too, and
// takes the guard behind it from its size.
constexpr std::size_t library_bytes = 384 * KiB;

void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category());
}

// Whole pages, as some systems ask for.
std::size_t stack_bytes() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t least = kernel_stack_bytes + library_bytes + PTHREAD_STACK_MIN;
    return (least + page - 1) / page * page;
}

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
    check(pthread_attr_setstacksize(attributes.get(), stack_bytes()));
    pthread_t handle;
    check(pthread_create(&handle, attributes.get(), run, work));
    return handle;
}

}  // namespace linocut
