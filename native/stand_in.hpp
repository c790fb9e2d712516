// A thread that runs things in the place of one whose stack is too small for kernels.
#pragma once

#include <atomic>
#include <cstdint>

#include "forks.hpp"
#include "thread.hpp"

namespace linocut {

class StandIn {
  public:
    // Throws std::system_error where the machine has no more threads.
    StandIn();
    ~StandIn();
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;

    // Does `work`, which must not throw, on its thread, and returns when that is done. Allocates nothing. One
    // caller at a time; not in the child of a fork, which has no such thread.
    template <class Work>
    void run(const Work& work) noexcept {
        ask([](const void* one) { (*static_cast<const Work*>(one))(); }, &work);
    }

  private:
    using Call = void (*)(const void* work);

    void ask(Call call, const void* work) noexcept;
    void serve() noexcept;
    static void await(const std::atomic<std::uint32_t>& count, std::uint32_t wanted) noexcept;

    Call call_ = nullptr;  // nullptr: to end
    const void* work_ = nullptr;
    std::atomic<std::uint32_t> asked_{0}, done_{0};
    std::uint32_t forks_ = forks();  // when its thread was started
    Thread thread_;                  // the last, as it uses the others
};

}  // namespace linocut
