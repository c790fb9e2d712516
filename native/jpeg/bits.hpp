// The bits of one piece of a JPEG's coded data, which ends at a mark or where the file does.
//
// A byte 255 of the data is followed by a 0; followed by anything else it is a mark. Source: T.81, F.1.2.3.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linocut::jpeg {

struct Ended {};    // thrown where bits are wanted behind the last
struct BadCode {};  // thrown for bits that are no code of a table, or that lead out of a block

class Bits {
  public:
    Bits(const std::uint8_t* at, const std::uint8_t* end) : at_(at), end_(end) {}

    // The next 16 bits, which stay; 0 behind the last.
    unsigned peek() {
        if (count_ < 16) fill();
        const std::uint64_t left = count_ >= 16 ? held_ >> (count_ - 16) : held_ << (16 - count_);
        return static_cast<unsigned>(left & 0xFFFF);
    }

    void drop(unsigned bits) {
        if (count_ < bits) fill();
        if (count_ < bits) throw Ended{};
        count_ -= bits;
    }

    // The next 0 to 16 bits.
    unsigned take(unsigned bits) {
        drop(bits);
        return static_cast<unsigned>(held_ >> count_ & ((1u << bits) - 1));
    }

    // Goes to the mark; returns how many bytes are left over. Those that only fill, all 0 or 255, are none.
    std::size_t finish() {
        std::size_t left = 0, zeros = 0, ones = 0;
        count_ -= count_ % 8;  // the last byte is filled up
        for (;;) {
            if (count_ == 0) fill();
            if (count_ == 0) break;
            count_ -= 8;
            const unsigned byte = held_ >> count_ & 0xFF;
            ++left;
            zeros += byte == 0;
            ones += byte == 0xFF;
        }
        return zeros == left || ones == left ? 0 : left;
    }

    // Where the mark begins, once all data are read.
    const std::uint8_t* at() const { return at_; }

  private:
    void fill() {
        if (count_ <= 32 && end_ - at_ >= 4) {  // four at once, where none is 255
            const std::uint32_t four =
                std::uint32_t{at_[0]} << 24 | std::uint32_t{at_[1]} << 16 | std::uint32_t{at_[2]} << 8 | at_[3];
            if (((~four - 0x01010101) & four & 0x80808080) == 0) {
                held_ = held_ << 32 | four;
                count_ += 32;
                at_ += 4;
                return;
            }
        }
        while (count_ <= 56 && at_ < end_) {
            const std::uint8_t byte = *at_;
            if (byte == 0xFF) {
                if (at_ + 1 == end_ || at_[1] != 0) return;
                ++at_;
            }
            ++at_;
            held_ = held_ << 8 | byte;
            count_ += 8;
        }
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::uint64_t held_ = 0;  // the lowest `count_` bits
    unsigned count_ = 0;
};

}  // namespace linocut::jpeg
