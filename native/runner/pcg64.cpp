#include "pcg64.hpp"

#include <cstddef>
#include <initializer_list>

namespace linocut {
namespace {

constexpr std::size_t pool_words = 4;

// Constants that follow from each other, and stir the words of the seed.
class Hash {
  public:
    Hash(std::uint32_t value, std::uint32_t factor) : value_(value), factor_(factor) {}

    std::uint32_t operator()(std::uint32_t word) {
        const std::uint32_t following = value_ * factor_;
        word = (word ^ value_) * following;
        value_ = following;
        return word ^ word >> 16;
    }

  private:
    std::uint32_t value_, factor_;
};

std::uint32_t mix(std::uint32_t x, std::uint32_t y) {
    const std::uint32_t word = 0xCA01F9DDU * x - 0x4973F715U * y;
    return word ^ word >> 16;
}

// The words of both numbers, low ones first, of each at least one; the rest are 0. Two of 64 bits fill the pool.
void split(std::uint64_t seed, std::uint64_t epoch, std::uint32_t (&words)[pool_words]) {
    std::size_t count = 0;
    for (const std::uint64_t number : {seed, epoch}) {
        words[count++] = static_cast<std::uint32_t>(number);
        if (number >> 32 != 0) words[count++] = static_cast<std::uint32_t>(number >> 32);
    }
}

}  // namespace

Pcg64::Pcg64(std::uint64_t seed, std::uint64_t epoch) {
    std::uint32_t pool[pool_words] = {};
    split(seed, epoch, pool);
    Hash stir(0x43B0D7E5U, 0x931E8875U);
    for (std::uint32_t& word : pool) word = stir(word);
    for (std::size_t source = 0; source < pool_words; ++source)
        for (std::size_t target = 0; target < pool_words; ++target)
            if (source != target) pool[target] = mix(pool[target], stir(pool[source]));
    Hash draw(0x8B51F9DDU, 0x58F38DEDU);
    std::uint64_t numbers[4];
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t low = draw(pool[2 * i % 4]);
        numbers[i] = low | std::uint64_t{draw(pool[(2 * i + 1) % 4])} << 32;
    }
    increment_ = {numbers[2] << 1 | numbers[3] >> 63, numbers[3] << 1 | 1};
    state_ = (increment_ + Wide{numbers[0], numbers[1]}) * multiplier + increment_;
    state_ = state_ * multiplier + increment_;  // the first number is of the state after one more step
}

}  // namespace linocut
