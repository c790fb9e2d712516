// Sums of bytes that bits choose, by arithmetic on words.
#pragma once

#include "../../kernels/platform.hpp"

namespace linocut::LINOCUT_NS {

// What packing panels for dot products costs more than ChosenBytes' sums of these rows.
inline constexpr i64 few_rows = 3;

// 0xFF for each bit of an octet that is 1.
struct OctetMasks {
    u64 of[256];

    constexpr OctetMasks() : of() {
        for (int octet = 0; octet < 256; ++octet) {
            for (int i = 0; i < 8; ++i) of[octet] |= (octet >> i & 1) != 0 ? u64{0xFF} << (8 * i) : 0;
        }
    }
};
inline constexpr OctetMasks octet_masks;

// Sums of bytes, 64 at a time, whose bits are 1.
struct ChosenBytes {
    i32 sum = 0;

    // Eight bytes at a time: as four sums of 16 bits, at most 64 * 255 together.
    void add(const u8* bytes, u64 bits) {
        constexpr u64 evens = 0x00FF00FF00FF00FFu;
        u64 four = 0;
        for (int octet = 0; octet < 8; ++octet) {
            u64 eight;
            std::memcpy(&eight, bytes + 8 * octet, sizeof eight);
            eight &= octet_masks.of[bits >> (8 * octet) & 0xFF];
            four += (eight & evens) + (eight >> 8 & evens);
        }
        sum += static_cast<i32>((four * 0x0001000100010001u) >> 48);
    }
    i32 total() const { return sum; }
};

}  // namespace linocut::LINOCUT_NS
