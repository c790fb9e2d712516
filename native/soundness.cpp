#include "soundness.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "error.hpp"
#include "signature.hpp"

namespace linocut {
namespace {

constexpr std::uint8_t beta_role = 11, norm_role = 12, control_role = 16;  // src/linocut/roles.py
constexpr double any_loss = 100.0;                                         // src/linocut/layers/losses/base.py

// The buffer whose bytes it is a view of, or itself.
std::uint32_t owner(const Program& program, std::uint32_t number) {
    const std::uint32_t base = program.buffers[number].base;
    return base == absent ? number : base;
}

// Whether each float is a number: those that are none have all of the `exponent` bits.
template <class Bits>
bool all_numbers(const std::uint8_t* from, std::uint64_t bytes, Bits exponent) {
    for (std::uint64_t at = 0; at + sizeof(Bits) <= bytes; at += sizeof(Bits)) {
        Bits bits;
        std::memcpy(&bits, from + at, sizeof bits);
        if ((bits & exponent) == exponent) return false;
    }
    return true;
}

bool numbers_in(const Buffer& buffer, const std::uint8_t* from) {
    if (buffer.format == Format::f16) return all_numbers<std::uint16_t>(from, buffer.bytes, 0x7C00);
    if (buffer.format == Format::f32) return all_numbers<std::uint32_t>(from, buffer.bytes, 0x7F800000);
    if (buffer.format == Format::f64) return all_numbers<std::uint64_t>(from, buffer.bytes, 0x7FF0000000000000);
    return true;
}

bool padding_is_zero(const Buffer& buffer, const std::uint8_t* from) {
    const auto last = static_cast<unsigned>(buffer.cols() % 64);
    if (buffer.format != Format::bit || last == 0) return true;
    const std::uint64_t row = (static_cast<std::uint64_t>(buffer.cols()) + 63) / 64 * 8;
    for (std::uint64_t end = row; end <= buffer.bytes; end += row) {
        std::uint64_t word;
        std::memcpy(&word, from + end - sizeof word, sizeof word);
        if (word >> last != 0) return false;
    }
    return true;
}

bool is_small(const Buffer& buffer) {
    return buffer.role == beta_role || buffer.role == norm_role || buffer.role == control_role;
}

}  // namespace

namespace {

// Whether an instruction makes 0 of what it does not write (its attribute `fresh`): then it reads nothing of it.
bool is_fresh(const Program& program, const Instruction& instruction) {
    const auto& names = find_op(instruction.op)->signature().attributes;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == "fresh") return program.attributes_of(instruction)[i] != 0.0;
    return false;
}

}  // namespace

std::vector<std::uint32_t> fed_buffers(const Program& program, const Section& section) {
    std::vector<std::uint32_t> fed;
    std::vector<bool> known(program.buffers.size());
    for (std::uint32_t number = section.begin; number < section.end; ++number) {
        const Instruction& instruction = program.instructions[number];
        const auto operands = program.operands_of(instruction);
        const auto& given = find_op(instruction.op)->signature().operands;
        for (std::size_t i = 0; i < operands.size(); ++i) {
            if (operands[i] == absent || given[i].mode == '>') continue;
            if (given[i].mode == '=' && is_fresh(program, instruction)) continue;
            const std::uint32_t read = owner(program, operands[i]);
            if (known[read] || program.buffers[read].persistent) continue;
            known[read] = true;
            fed.push_back(read);
        }
        for (std::size_t i = 0; i < operands.size(); ++i)
            if (operands[i] != absent && given[i].writes()) known[owner(program, operands[i])] = true;
    }
    return fed;
}

double most_sensible_loss(const Program& program, const Section& section) {
    for (std::uint32_t number = section.begin; number < section.end; ++number) {
        const Instruction& instruction = program.instructions[number];
        const Op& op = *find_op(instruction.op);
        if (op.name != "softmax_cross_entropy" && op.name != "sigmoid_cross_entropy") continue;
        for (std::size_t i = 0; i < op.signature().operands.size(); ++i)
            if (op.signature().operands[i].name == "logits") {
                const Buffer& logits = program.buffers[program.operands_of(instruction)[i]];
                return any_loss + 2.0 * std::max(2.0, static_cast<double>(logits.cols()));
            }
    }
    return std::numeric_limits<double>::max();
}

void check_state(const Program& program, const std::uint8_t* arena, bool whole) {
    for (const Buffer& buffer : program.buffers) {
        if (!buffer.persistent || buffer.base != absent || !(whole || is_small(buffer))) continue;
        if (!numbers_in(buffer, arena + buffer.offset))
            refuse("the buffer '", printable(buffer.name), "' holds what is no number");
        if (whole && !padding_is_zero(buffer, arena + buffer.offset))
            refuse("the buffer '", printable(buffer.name), "' has bits behind its last");
    }
}

}  // namespace linocut
