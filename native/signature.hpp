// Signatures: what an instruction takes, in the language of src/linocut/ops/signature.py.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "rules.hpp"

namespace linocut {

inline constexpr int most_operands = 16;

struct SignatureOperand {
    char mode = '<';  // '<' read, '>' written whole, '=' read and written
    bool optional = false;
    std::string_view name;
    std::vector<std::string_view> over;  // the operands whose bytes it may take
    std::uint32_t formats = 0;           // bit n: the format of code n may be given
    std::vector<std::string_view> dims;  // letters or numbers

    bool writes() const { return mode != '<'; }
    bool admits(Format format) const { return (formats >> static_cast<unsigned>(format) & 1U) != 0; }
};

struct Signature {
    std::vector<SignatureOperand> operands;
    std::vector<std::string_view> attributes;
};

// One line of ops.def. Its parts are read when they are first asked for: of all lines they would take 280 KB, and a
// program has few kinds of instructions. What only a loader needs is not kept at all.
class Op {
  public:
    Op(std::uint16_t number, std::string_view called, const char* signature_text, std::string_view workspace_text,
       std::string_view rules_text)
        : code(number), name(called), text(signature_text), workspace_text_(workspace_text), rules_text_(rules_text) {}
    ~Op() { delete signature_.load(std::memory_order_relaxed); }
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;

    const Signature& signature() const;
    Checks checks() const { return {parse_rules(rules_text_, signature()), parse_steps(workspace_text_, signature())}; }

    const std::uint16_t code;
    const std::string_view name;
    const char* const text;

  private:
    std::string_view workspace_text_, rules_text_;
    mutable std::atomic<const Signature*> signature_{nullptr};
};

// Throws Refusal where `text` has not the form; the result points into it.
Signature parse_signature(std::string_view text);

std::span<const Op> ops();
const Op* find_op(std::uint16_t code);  // nullptr where there is none

// The buffers of an instruction, nullptr where absent, and the numbers that the letters of its signature
// stand for.
struct Matched {
    const Op* op = nullptr;
    std::array<const Buffer*, most_operands> operands{};
    std::array<std::int64_t, 26> sizes{};  // 'A' first; 0 where the letter stands for nothing yet

    std::int64_t size(char letter) const { return sizes[static_cast<std::size_t>(letter - 'A')]; }
    std::optional<Format> format(std::string_view name) const;  // of an operand that is given
};

// Each returns a reason to refuse the instruction, or "". `match` fills in the sizes.
std::string match(Matched& matched);
std::string aliasing(const Matched& matched);

}  // namespace linocut
