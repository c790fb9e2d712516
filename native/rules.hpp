// Rules: what an instruction can compute beyond its signature, said once, in src/linocut/ops: native/ops.def has them
// as steps for a stack, in the order that src/linocut/ops/expression.py gives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats.hpp"

namespace linocut {

struct Matched;
struct Signature;

struct Step {
    enum class Action : std::uint8_t {
        number,
        size,
        attribute,
        has_format,
        is_absent,
        same_format,  // read
        negate,
        whole,
        finite,
        words,
        digits,  // of one
        add,
        subtract,
        multiply,
        divide,
        floor_divide,
        remainder,
        less,
        at_most,
        equal,
        both,
        either,
        least,  // of two
        choose  // of three
    };

    Action action = Action::number;
    Format format = Format::u8;
    char letter = 'A';
    std::size_t place = 0;  // of an attribute or an operand; of one that the instruction has not, no_place
    std::size_t other = 0;
    double number = 0.0;
};

// A piece of a reason: a text, or, where that is empty, the format of an operand or a number.
struct Piece {
    std::string_view text;
    std::size_t operand = 0;
    std::vector<Step> steps;
};

struct Rule {
    std::vector<Step> holds;
    std::vector<Piece> reason;
};

// Throws Refusal where a line is not as the table has it, or needs more of a stack than there is.
std::vector<Rule> parse_rules(std::string_view lines, const Signature& signature);

// An expression alone; throws as parse_rules does.
std::vector<Step> parse_steps(std::string_view text, const Signature& signature);

// What a loader asks of an instruction that has matched its signature.
struct Checks {
    std::vector<Rule> rules;
    std::vector<Step> workspace;  // KiB

    // The reason of the first rule that does not hold, or "", and what a thread needs beside the operands.
    std::string first_failure(const Matched& matched, std::span<const double> attributes) const;
    std::uint64_t workspace_bytes(const Matched& matched, std::span<const double> attributes) const;
};

}  // namespace linocut
