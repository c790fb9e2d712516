#include "pool.hpp"

#include <algorithm>
#include <chrono>

#include "floating_point.hpp"

namespace linocut {
namespace {

constexpr std::int64_t chunks_per_thread = 8;  // so that a thread that started late or runs slowly does fewer
constexpr auto spin_time = std::chrono::microseconds(50);  // about what waking a sleeping thread costs
constexpr int pauses_per_look_at_the_clock = 16;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins until `ready()` or until it has lasted too long; returns whether ready.
template <class Ready>
bool spin(Ready ready) noexcept {
    const auto end = std::chrono::steady_clock::now() + spin_time;
    do {
        for (int i = 0; i < pauses_per_look_at_the_clock; ++i) {
            if (ready()) return true;
            pause();
        }
    } while (std::chrono::steady_clock::now() < end);
    return false;
}

constexpr std::uint32_t generation_of(std::uint64_t ticket) {
    return static_cast<std::uint32_t>(ticket >> 32);
}
constexpr std::uint32_t unclaimed_in(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); }

// The first unit of a chunk. Units are below 2**53 and chunks few, so that the product fits.
constexpr std::int64_t first_unit(std::int64_t units, std::uint32_t chunk, std::uint32_t chunks) {
    const std::int64_t whole = units / chunks;
    const std::int64_t extra = units % chunks;  // the first `extra` chunks have one unit more
    return chunk * whole + std::min<std::int64_t>(chunk, extra);
}

}  // namespace

Pool::Pool(int threads) {
    workers_.reserve(static_cast<std::size_t>(std::max(threads, 1) - 1));
    try {
        for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (...) {
        stop();
        throw;
    }
}

Pool::~Pool() { stop(); }

void Pool::stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
}

void Pool::run(const Phase& phase, const Call& call, std::int64_t units) noexcept {
    if (units <= 1 || workers_.empty()) {
        if (units > 0) phase.run(call, 0, units);
        return;
    }
    const auto chunks = static_cast<std::uint32_t>(std::min(units, threads() * chunks_per_thread));
    const std::uint32_t generation = bell_.load(std::memory_order_relaxed) + 1;
    phase_.store(&phase, std::memory_order_relaxed);
    call_.store(&call, std::memory_order_relaxed);
    units_.store(units, std::memory_order_relaxed);
    chunks_.store(chunks, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(std::uint64_t{generation} << 32 | chunks, std::memory_order_release);
    bell_.store(
        generation);  // sequentially consistent, so that it comes before notify_all's look for sleepers
    bell_.notify_all();
    do_chunks(generation);
    wait_until_done(chunks);
}

void Pool::wait_until_done(std::uint32_t chunks) noexcept {
    const auto all_done = [&] { return done_.load(std::memory_order_acquire) == chunks; };
    if (spin(all_done)) return;
    for (std::uint32_t done = done_.load(std::memory_order_acquire); done != chunks;
         done = done_.load(std::memory_order_acquire))
        done_.wait(done, std::memory_order_acquire);
}

// Claims and does chunks of one generation until none is left. How many are left stands in the ticket, beside
// the generation: a claim that succeeds is of a call that is still unfinished, whatever was read of it in
// between.
void Pool::do_chunks(std::uint32_t generation) noexcept {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (generation_of(ticket) == generation && unclaimed_in(ticket) > 0) {
        const Phase* phase = phase_.load(std::memory_order_relaxed);
        const Call* call = call_.load(std::memory_order_relaxed);
        const std::int64_t units = units_.load(std::memory_order_relaxed);
        const std::uint32_t chunks = chunks_.load(std::memory_order_relaxed);
        if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
            continue;
        const std::uint32_t chunk = chunks - unclaimed_in(ticket);
        phase->run(*call, first_unit(units, chunk, chunks), first_unit(units, chunk + 1, chunks));
        if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == chunks) done_.notify_one();
        ticket = ticket_.load(std::memory_order_acquire);
    }
}

void Pool::work() noexcept {
    const DefaultFloatingPoint guard;
    std::uint32_t seen = 0;
    for (;;) {
        const auto rung = [&] { return bell_.load(std::memory_order_acquire) != seen; };
        if (!spin(rung)) bell_.wait(seen, std::memory_order_acquire);
        seen = bell_.load(std::memory_order_acquire);
        if (stopping_.load(std::memory_order_relaxed)) return;
        do_chunks(seen);
    }
}

}  // namespace linocut
