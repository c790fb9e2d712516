#include "progress.hpp"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

namespace linocut {
namespace {

constexpr auto between = std::chrono::milliseconds(100);

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1), last_(Clock::now() - between) {}

void ProgressLine::step(std::uint64_t epoch, std::uint64_t epochs, std::uint64_t step, std::uint64_t steps,
                        const Metrics& metrics) {
    if (!terminal_ || Clock::now() - last_ < between) return;
    last_ = Clock::now();
    shown_ = true;
    std::fprintf(stderr, "\repoch %" PRIu64 "/%" PRIu64 "  step %" PRIu64 "/%" PRIu64 "  loss %.4g\033[K", epoch,
                 epochs, step, steps, metrics.mean_loss());
}

void ProgressLine::clear() {
    if (shown_) std::fputs("\r\033[K", stderr);
    shown_ = false;
}

}  // namespace linocut
