#include "stand_in.hpp"

namespace linocut {

StandIn::StandIn() : thread_([this] { serve(); }) {}

StandIn::~StandIn() {
    if (forks_ != forks()) return;
    ask(nullptr, nullptr);
    thread_.join();
}

void StandIn::ask(Call call, const void* work) noexcept {
    call_ = call;
    work_ = work;
    const std::uint32_t number = asked_.load(std::memory_order_relaxed) + 1;
    asked_.store(number, std::memory_order_release);
    asked_.notify_one();
    await(done_, number);
}

void StandIn::serve() noexcept {
    for (std::uint32_t number = 1;; ++number) {
        await(asked_, number);
        const Call call = call_;
        if (call != nullptr) call(work_);
        done_.store(number, std::memory_order_release);
        done_.notify_one();
        if (call == nullptr) return;
    }
}

void StandIn::await(const std::atomic<std::uint32_t>& count, std::uint32_t wanted) noexcept {
    for (std::uint32_t found = count.load(std::memory_order_acquire); found != wanted;
         found = count.load(std::memory_order_acquire))
        count.wait(found, std::memory_order_acquire);
}

}  // namespace linocut
