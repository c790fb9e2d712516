// A Huffman table of a JPEG: codes of 1 to 16 bits, in order of length. Source: ITU-T T.81, annex C.
#pragma once

#include <array>
#include <cstdint>

#include "bits.hpp"

namespace linocut::jpeg {

class Codes {
  public:
    // Takes how many codes there are of each length, and what they mean; returns whether that makes a table.
    bool read(const std::uint8_t* counts, const std::uint8_t* meanings, std::size_t meant) {
        short_ = {};
        std::uint32_t code = 0, number = 0;
        for (unsigned length = 1; length <= longest; ++length) {
            first_[length] = code;
            index_[length] = number;
            for (unsigned i = 0; i < counts[length - 1]; ++i, ++code, ++number) {
                if (code >= 1u << length || number >= meant || number >= meanings_.size()) return false;
                meanings_[number] = meanings[number];
                if (length > quick) continue;
                const std::uint32_t entries = 1u << (quick - length);
                for (std::uint32_t entry = code * entries; entry < (code + 1) * entries; ++entry)
                    short_[entry] = {static_cast<std::uint8_t>(length), meanings[number]};
            }
            end_[length] = code;
            code <<= 1;
        }
        known_ = true;
        return true;
    }

    bool known() const { return known_; }

    // What the next code means; throws where there is none, or the data end in it.
    unsigned next(Bits& bits) const {
        const unsigned ahead = bits.peek();
        if (const Short entry = short_[ahead >> (longest - quick)]; entry.length != 0) {
            bits.drop(entry.length);
            return entry.meaning;
        }
        for (unsigned length = quick + 1; length <= longest; ++length) {
            const std::uint32_t code = ahead >> (longest - length);
            if (code >= end_[length]) continue;
            bits.drop(length);
            return meanings_[index_[length] + code - first_[length]];
        }
        throw BadCode{};
    }

  private:
    static constexpr unsigned quick = 9, longest = 16;
    struct Short {
        std::uint8_t length, meaning;
    };
    std::array<Short, 1u << quick> short_{};
    std::array<std::uint32_t, longest + 1> first_{}, end_{}, index_{};
    std::array<std::uint8_t, 256> meanings_{};
    bool known_ = false;
};

}  // namespace linocut::jpeg
