// A pool of threads that share the units of one phase of one call at a time.
//
// Threads are started once and joined at destruction; running neither allocates nor throws. The units are
// claimed in chunks through one atomic counter by the caller and by whichever workers are awake, so that a
// sleeping worker delays nobody. Between calls a worker spins for some microseconds, since the next
// instruction mostly follows at once, and then sleeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "kernels/kernel.hpp"

namespace linocut {

inline constexpr int most_threads = 256;

class Pool {
  public:
    // `threads` counts the caller. Throws std::system_error where the machine has no more threads.
    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Does all units of the phase; returns when they are done. One caller at a time.
    void run(const Phase& phase, const Call& call, std::int64_t units) noexcept;

  private:
    void work() noexcept;
    void do_chunks(std::uint32_t generation) noexcept;
    void wait_until_done(std::uint32_t chunks) noexcept;
    void stop() noexcept;

    // The call being run. A worker that was slow to wake may read these while they change: hence atomics. It
    // uses what it read only once it has claimed a chunk of the generation that it saw before: until that
    // chunk is done they do not change.
    std::atomic<const Phase*> phase_{nullptr};
    std::atomic<const Call*> call_{nullptr};
    std::atomic<std::int64_t> units_{0};
    std::atomic<std::uint32_t> chunks_{0};

    alignas(64) std::atomic<std::uint64_t> ticket_{
        0};                                           // generation of the call << 32 | chunks not yet claimed
    alignas(64) std::atomic<std::uint32_t> done_{0};  // chunks finished
    alignas(64) std::atomic<std::uint32_t> bell_{0};  // the newest generation, on which workers wait
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> workers_;
};

}  // namespace linocut
