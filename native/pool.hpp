// A pool of threads that share the units of one phase of one call at a time.
//
// Threads are started once and joined at destruction; running neither allocates nor throws. Every thread has
// a share of the units, in chunks in a lane of its own, the same for all calls of as many units: neighbouring
// units mostly meet in one processor's cache. Who has done his lane takes chunks of the others', so that a
// sleeping worker delays nobody. Between calls a worker spins for some microseconds, since the next
// instruction mostly follows at once, and then sleeps.
//
// A fork copies the pool but none of its threads: `restart` starts them again in the child.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "forks.hpp"
#include "kernels/kernel.hpp"
#include "thread.hpp"

namespace linocut {

inline constexpr int most_threads = 256;

class Pool {
  public:
    // `threads` counts the caller. Their workspaces follow each other, `workspace_bytes` apart; a call has the
    // caller's. Throws std::system_error where the machine has no more threads.
    explicit Pool(int threads, std::uint64_t workspace_bytes = 0);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return static_cast<int>(lanes_.size()); }

    // In the child of a fork during which no phase ran: starts the threads. Throws std::system_error where
    // the machine has no more, and may be called again then.
    void restart();

    // Does all units of the phase; returns when they are done. One caller at a time.
    void run(const Phase& phase, const Call& call, std::int64_t units) noexcept;

  private:
    // Generation of the call << 32 | chunks of the lane that nobody has claimed yet.
    struct alignas(64) Lane {
        std::atomic<std::uint64_t> ticket{0};
    };

    using Workers = std::vector<Thread>;

    void start();
    void abandon() noexcept;
    void work(std::size_t own) noexcept;
    void do_chunks(std::uint32_t generation, std::size_t own) noexcept;
    std::uint32_t do_lane(std::uint32_t generation, std::size_t lane, std::size_t own) noexcept;
    void wait_until_done(std::uint32_t chunks) noexcept;
    void stop() noexcept;

    // The newest generation, on which workers wait.
    alignas(64) std::atomic<std::uint32_t> bell_{0};
    // The call being run, in the same line of the cache: who sees the bell has this too. A worker that was slow to
    // wake may read these while they change: hence atomics. It uses what it read only once it has claimed a chunk of
    // the generation that it saw before: until that chunk is done they do not change.
    std::atomic<const Phase*> phase_{nullptr};
    std::atomic<const Call*> call_{nullptr};
    std::atomic<std::int64_t> units_{0};
    std::atomic<std::uint32_t> chunks_{0};

    alignas(64) std::atomic<std::uint32_t> done_{0};  // chunks finished
    alignas(64) std::vector<Lane> lanes_;             // the caller's is the first
    std::uint64_t workspace_bytes_;
    std::atomic<bool> stopping_{false};
    std::uint32_t forks_ = forks();     // when its threads were started
    std::unique_ptr<Workers> workers_;  // apart, to be let go of in the child of a fork
};

}  // namespace linocut
