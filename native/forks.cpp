#include "forks.hpp"

#include <pthread.h>

#include <atomic>

namespace linocut {
namespace {

std::atomic<std::uint32_t> forks_seen{0};

// Registered as the core is loaded, before there is a pool.
[[maybe_unused]] const int registered =
    pthread_atfork(nullptr, nullptr, [] { forks_seen.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint32_t forks() noexcept { return forks_seen.load(std::memory_order_relaxed); }

}  // namespace linocut
