// SHA-256 (FIPS 180-4), so that a device can say in one line which state it came to.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace linocut {

class Sha256 {
  public:
    void update(const std::uint8_t* data, std::size_t size) {
        length_ += size;
        while (size > 0) {
            const std::size_t taken = std::min(size, block_.size() - filled_);
            std::memcpy(block_.data() + filled_, data, taken);
            filled_ += taken, data += taken, size -= taken;
            if (filled_ < block_.size()) return;
            mix();
            filled_ = 0;
        }
    }

    static constexpr std::size_t bytes = 32;
    using Digest = std::array<std::uint8_t, bytes>;

    // Nothing can be added after it.
    Digest digest() {
        const std::uint64_t bits = 8 * length_;
        const std::uint8_t mark = 0x80, zero = 0;
        update(&mark, 1);
        while (filled_ != block_.size() - sizeof bits) update(&zero, 1);
        std::uint8_t tail[sizeof bits];
        for (std::size_t i = 0; i < sizeof tail; ++i) tail[i] = static_cast<std::uint8_t>(bits >> (8 * (7 - i)));
        update(tail, sizeof tail);
        Digest found{};
        for (std::size_t i = 0; i < found.size(); ++i)
            found[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
        return found;
    }

    // The digest in hexadecimal digits.
    std::string hex() {
        std::string digits;
        for (const std::uint8_t byte : digest()) {
            digits += "0123456789abcdef"[byte >> 4];
            digits += "0123456789abcdef"[byte & 15];
        }
        return digits;
    }

  private:
    using Words = std::array<std::uint32_t, 64>;

    // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    static constexpr Words rounds = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

    static std::uint32_t turned(std::uint32_t x, int a, int b, int c) {
        return std::rotr(x, a) ^ std::rotr(x, b) ^ std::rotr(x, c);
    }

    Words schedule() const {
        Words w{};
        for (std::size_t i = 0; i < 16; ++i)
            for (std::size_t byte = 0; byte < 4; ++byte) w[i] = w[i] << 8 | block_[4 * i + byte];
        for (std::size_t i = 16; i < w.size(); ++i) {
            const std::uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) +
                   (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
        }
        return w;
    }

    void mix() {
        const Words w = schedule();
        auto [a, b, c, d, e, f, g, h] = state_;
        for (std::size_t i = 0; i < w.size(); ++i) {
            const std::uint32_t first = h + turned(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + rounds[i] + w[i];
            const std::uint32_t second = turned(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
        }
        const std::array<std::uint32_t, 8> added = {a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < added.size(); ++i) state_[i] += added[i];
    }

    // The first 32 bits of the fractional parts of the square roots of the first 8 primes.
    std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint8_t, 64> block_{};
    std::size_t filled_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace linocut
