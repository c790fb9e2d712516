#include "epoch_order.hpp"

#include <algorithm>
#include <bit>

#include "pcg64.hpp"

namespace linocut {
namespace {

constexpr std::uint64_t keys_kept = 2048, most_parts = 64;  // so that an epoch makes each key 64 times at most

unsigned find_parts(std::uint64_t count) {
    const std::uint64_t parts = std::bit_ceil((count + keys_kept - 1) / keys_kept);
    return static_cast<unsigned>(std::countr_zero(std::min(parts, most_parts)));
}

}  // namespace

EpochOrder::EpochOrder(std::uint64_t seed, std::uint64_t epoch, std::uint64_t count)
    : seed_(seed),
      epoch_(epoch),
      count_(count),
      low_((std::uint64_t{1} << std::bit_width(count)) - 1),
      parts_log_(find_parts(count)) {
    const std::uint64_t expected = count_ >> parts_log_;
    keys_.reserve(expected + expected / 8 + 64);
}

void EpochOrder::fill() {
    Pcg64 numbers(seed_, epoch_);
    keys_.clear();
    at_ = 0;
    for (std::uint64_t i = 0; i < count_; ++i) {
        const std::uint64_t number = numbers.next();
        if (parts_log_ == 0 || number >> (64 - parts_log_) == part_) keys_.push_back((number & ~low_) | i);
    }
    ++part_;
    std::sort(keys_.begin(), keys_.end());
}

std::uint64_t EpochOrder::next() {
    while (at_ == keys_.size()) fill();
    return keys_[at_++] & low_;
}

void EpochOrder::skip(std::uint64_t examples) {
    while (examples > 0) {
        while (at_ == keys_.size()) fill();
        const auto some = std::min<std::uint64_t>(examples, keys_.size() - at_);
        at_ += some, examples -= some;
    }
}

}  // namespace linocut
