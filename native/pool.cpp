#include "pool.hpp"

#include <algorithm>
#include <chrono>

#include "floating_point.hpp"

namespace linocut {
namespace {

constexpr std::int64_t chunks_per_thread = 16;  // so that a thread that started late or has much to do does fewer
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

constexpr std::uint32_t generation_of(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket >> 32); }
constexpr std::uint32_t unclaimed_in(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); }

// The first unit of a chunk, or the first chunk of a lane: `all` things go to `parts`, evenly. `all` is below
// 2**53 and parts are few, so that the product fits.
constexpr std::int64_t first_of(std::int64_t part, std::int64_t parts, std::int64_t all) {
    const std::int64_t whole = all / parts;
    const std::int64_t extra = all % parts;  // the first `extra` parts have one more
    return part * whole + std::min(part, extra);
}

}  // namespace

Pool::Pool(int threads, std::uint64_t workspace_bytes)
    : lanes_(static_cast<std::size_t>(std::max(threads, 1))), workspace_bytes_(workspace_bytes) {
    start();
}

Pool::~Pool() { stop(); }

void Pool::start() {
    workers_ = std::make_unique<Workers>();
    workers_->reserve(lanes_.size() - 1);
    try {
        for (std::size_t lane = 1; lane < lanes_.size(); ++lane) workers_->emplace_back([this, lane] { work(lane); });
    } catch (...) {
        stop();
        throw;
    }
}

void Pool::restart() {
    abandon();
    stopping_.store(false, std::memory_order_relaxed);
    start();
}

// Threads that the fork did not copy can be neither joined nor detached, and the list of them may have been
// half made: some bytes are lost instead.
void Pool::abandon() noexcept {
    if (forks_ != forks()) static_cast<void>(workers_.release());
    forks_ = forks();
}

void Pool::stop() noexcept {
    abandon();
    if (workers_ == nullptr) return;
    stopping_.store(true, std::memory_order_relaxed);
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_all();
    for (Thread& worker : *workers_) worker.join();
    workers_.reset();
}

void Pool::run(const Phase& phase, const Call& call, std::int64_t units) noexcept {
    if (units <= 1 || lanes_.size() == 1) {
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
    for (std::int64_t lane = 0; lane < threads(); ++lane) {
        const std::int64_t count = first_of(lane + 1, threads(), chunks) - first_of(lane, threads(), chunks);
        lanes_[static_cast<std::size_t>(lane)].ticket.store(
            std::uint64_t{generation} << 32 | static_cast<std::uint64_t>(count), std::memory_order_release);
    }
    bell_.store(generation);  // sequentially consistent, so that it comes before notify_all's look for sleepers
    bell_.notify_all();
    do_chunks(generation, 0);
    wait_until_done(chunks);
}

void Pool::wait_until_done(std::uint32_t chunks) noexcept {
    const auto all_done = [&] { return done_.load(std::memory_order_acquire) == chunks; };
    if (spin(all_done)) return;
    for (std::uint32_t done = done_.load(std::memory_order_acquire); done != chunks;
         done = done_.load(std::memory_order_acquire))
        done_.wait(done, std::memory_order_acquire);
}

// Does chunks of one generation, those of the own lane first, until none is left.
void Pool::do_chunks(std::uint32_t generation, std::size_t own) noexcept {
    std::uint32_t did = 0;
    for (std::size_t i = 0; i < lanes_.size(); ++i) did += do_lane(generation, (own + i) % lanes_.size(), own);
    if (did == 0) return;
    // The call is unfinished until these are counted, so that its number of chunks is still there.
    const std::uint32_t chunks = chunks_.load(std::memory_order_relaxed);
    if (done_.fetch_add(did, std::memory_order_acq_rel) + did == chunks) done_.notify_one();
}

// Claims and does chunks of one lane until none is left; returns how many. How many are left stands in the
// ticket, beside the generation: a claim that succeeds is of a call that is still unfinished, whatever was
// read of it in between.
std::uint32_t Pool::do_lane(std::uint32_t generation, std::size_t number, std::size_t own) noexcept {
    Lane& lane = lanes_[number];
    std::uint32_t did = 0;
    std::uint64_t ticket = lane.ticket.load(std::memory_order_acquire);
    while (generation_of(ticket) == generation && unclaimed_in(ticket) > 0) {
        const Phase* phase = phase_.load(std::memory_order_relaxed);
        const Call* call = call_.load(std::memory_order_relaxed);
        const std::int64_t units = units_.load(std::memory_order_relaxed);
        const std::uint32_t chunks = chunks_.load(std::memory_order_relaxed);
        if (!lane.ticket.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel,
                                               std::memory_order_acquire))
            continue;
        const std::int64_t end = first_of(static_cast<std::int64_t>(number) + 1, threads(), chunks);
        const std::int64_t chunk = end - unclaimed_in(ticket);
        Call mine = *call;
        mine.workspace += own * workspace_bytes_;
        phase->run(mine, first_of(chunk, chunks, units), first_of(chunk + 1, chunks, units));
        ++did;
        ticket = lane.ticket.load(std::memory_order_acquire);
    }
    return did;
}

void Pool::work(std::size_t own) noexcept {
    const DefaultFloatingPoint guard;
    std::uint32_t seen = 0;
    for (;;) {
        const auto rung = [&] { return bell_.load(std::memory_order_acquire) != seen; };
        if (!spin(rung)) bell_.wait(seen, std::memory_order_acquire);
        seen = bell_.load(std::memory_order_acquire);
        if (stopping_.load(std::memory_order_relaxed)) return;
        do_chunks(seen, own);
    }
}

}  // namespace linocut
