// A Program read from its binary form (src/linocut/compile/binary.py) and checked in full.
//
// A Program that `load` returned is safe to run: every buffer lies in the arena, every instruction's operands
// have the formats and shapes that its kernel expects, and no operand that is written overlaps another of the
// same instruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel.hpp"

namespace linocut {

inline constexpr std::size_t alignment = 64;         // bytes: a cache line, and the widest vector
inline constexpr std::uint32_t absent = 0xFFFFFFFF;  // in place of the number of a buffer
inline constexpr int most_dimensions = 6;

struct Buffer {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    Format format = Format::u8;
    std::uint8_t role = 0;
    bool persistent = false;
    std::uint8_t dimensions = 0;
    std::uint32_t base = absent;  // the buffer whose bytes this one shares under another shape
    std::array<std::uint32_t, most_dimensions> sizes{};

    std::span<const std::uint32_t> shape() const { return {sizes.data(), dimensions}; }
    std::int64_t cols() const { return shape().back(); }
    // The product of the first `leading` dimensions; it cannot overflow once the buffer is known to fit the
    // arena.
    std::int64_t product(std::size_t leading) const {
        std::int64_t result = 1;
        for (std::uint32_t size : shape().first(leading)) result *= size;
        return result;
    }
    std::int64_t rows() const { return product(dimensions - 1U); }
};

struct Instruction {
    std::uint16_t op = 0;
    std::uint16_t operand_count = 0;
    std::uint16_t attribute_count = 0;
    std::size_t first_operand = 0;      // in Program::operands
    std::size_t first_attribute = 0;    // in Program::attributes
    std::uint64_t workspace_bytes = 0;  // that a thread needs beside the operands
};

// Instructions [begin, end).
struct Section {
    std::string name;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

struct Program {
    std::uint64_t arena_bytes = 0;
    std::uint64_t lower_bound_bytes = 0;
    std::uint64_t workspace_bytes = 0;  // of a thread: the most that an instruction needs
    std::vector<Buffer> buffers;
    std::vector<Instruction> instructions;
    std::vector<Section> sections;
    std::vector<std::uint32_t> operands;  // numbers of buffers, of all instructions in a row
    std::vector<double> attributes;

    std::span<const std::uint32_t> operands_of(const Instruction& i) const {
        return std::span(operands).subspan(i.first_operand, i.operand_count);
    }
    std::span<const double> attributes_of(const Instruction& i) const {
        return std::span(attributes).subspan(i.first_attribute, i.attribute_count);
    }
    // nullptr where there is none of that name.
    const Buffer* find_buffer(std::string_view name) const;
    const Section* find_section(std::string_view name) const;
    // What a session works in: the arena, and behind it a workspace for each thread.
    std::uint64_t memory_bytes(int threads) const {
        return workspaces() + static_cast<std::uint64_t>(threads) * workspace_bytes;
    }
    std::uint64_t workspaces() const { return (arena_bytes + alignment - 1) / alignment * alignment; }
};

// Throws Refusal. Takes memory in proportion to `size`, whatever the bytes say.
Program load(const std::uint8_t* data, std::size_t size);

}  // namespace linocut
