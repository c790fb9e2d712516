// The order of the examples in an epoch: `epoch_order` of src/linocut/data/batches.py, in little memory.
//
// That one sorts a key for each example, 8 B each, which of MNIST is a third of the arena. Here keys are made anew for
// a part of their range at a time, and only those within it are kept and sorted: the same order, some thousands at a
// time.
#pragma once

#include <cstdint>
#include <vector>

namespace linocut {

class EpochOrder {
  public:
    // `count` is 1 to 2^40.
    EpochOrder(std::uint64_t seed, std::uint64_t epoch, std::uint64_t count);

    // The number of the next example; to be asked for `count` times.
    std::uint64_t next();
    void skip(std::uint64_t examples);

  private:
    void fill();

    std::uint64_t seed_, epoch_, count_, low_;  // low_: the bits of a key that hold the example's number
    std::uint64_t part_ = 0;                    // of the range of keys, the next
    unsigned parts_log_ = 0;
    std::vector<std::uint64_t> keys_;
    std::size_t at_ = 0;
};

}  // namespace linocut
