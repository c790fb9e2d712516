#include "rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "error.hpp"
#include "signature.hpp"

namespace linocut {
namespace {

using Action = Step::Action;

constexpr std::string_view arrow = " => ";
constexpr std::size_t no_place = static_cast<std::size_t>(-1);
constexpr std::size_t most_deep = 16;
constexpr double exact = 9007199254740992.0;  // whole numbers below are shown in full

struct Word {
    std::string_view name;
    Action action;
    std::size_t takes;
};

constexpr Word vocabulary[] = {
    {"not", Action::negate, 1},      {"whole", Action::whole, 1},   {"finite", Action::finite, 1},
    {"words", Action::words, 1},     {"digits", Action::digits, 1}, {"+", Action::add, 2},
    {"-", Action::subtract, 2},      {"*", Action::multiply, 2},    {"/", Action::divide, 2},
    {"//", Action::floor_divide, 2}, {"%", Action::remainder, 2},   {"<", Action::less, 2},
    {"<=", Action::at_most, 2},      {"==", Action::equal, 2},      {"and", Action::both, 2},
    {"or", Action::either, 2},       {"min", Action::least, 2},     {"if", Action::choose, 3},
};

// --- reading the table ---

std::size_t operand_place(const Signature& signature, std::string_view name) {
    for (std::size_t i = 0; i < signature.operands.size(); ++i)
        if (signature.operands[i].name == name) return i;
    return no_place;
}

std::size_t attribute_place(const Signature& signature, std::string_view name) {
    const auto& names = signature.attributes;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) refuse("a rule has the attribute '", name, "', which the instruction has not");
    return static_cast<std::size_t>(found - names.begin());
}

Step comparison(const Signature& signature, std::string_view operand, std::string_view wanted) {
    Step step;
    step.place = operand_place(signature, operand);
    step.action = wanted == "absent" ? Action::is_absent : Action::has_format;
    if (step.action == Action::is_absent) return step;
    const FormatInfo* format = find_format(wanted);
    if (format == nullptr) refuse("a rule has '", wanted, "', which is no format");
    step.format = format->format;
    return step;
}

// What reads a value, and takes nothing from the stack.
Step read_step(const Signature& signature, std::string_view word) {
    Step step;
    if (word[0] == '@') {
        step.action = Action::attribute;
        step.place = attribute_place(signature, word.substr(1));
    } else if (const std::size_t colon = word.find(':'); colon != std::string_view::npos) {
        step = comparison(signature, word.substr(0, colon), word.substr(colon + 1));
    } else if (const std::size_t equals = word.find('='); equals != std::string_view::npos) {
        step.action = Action::same_format;
        step.place = operand_place(signature, word.substr(0, equals));
        step.other = operand_place(signature, word.substr(equals + 1));
    } else if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z') {
        step.action = Action::size;
        step.letter = word[0];
    } else {
        const std::string digits(word);
        char* end = nullptr;
        step.number = std::strtod(digits.c_str(), &end);
        if (*end != 0) refuse("a rule has '", word, "', which is no step");
    }
    return step;
}

std::vector<Piece> parse_reason(std::string_view text, const Signature& signature) {
    std::vector<Piece> pieces;
    while (!text.empty()) {
        const std::size_t open = std::min(text.find('{'), text.size());
        if (open > 0) pieces.push_back({text.substr(0, open), 0, {}});
        text.remove_prefix(open);
        if (text.empty()) break;
        const std::size_t close = text.find('}');
        if (close == std::string_view::npos) refuse("a reason has no end of '", text, "'");
        const std::string_view inside = text.substr(1, close - 1);
        if (inside.starts_with(':')) {
            pieces.push_back({"", operand_place(signature, inside.substr(1)), {}});
        } else {
            pieces.push_back({"", 0, parse_steps(inside, signature)});
        }
        text.remove_prefix(close + 1);
    }
    return pieces;
}

// --- looking at an instruction ---

std::optional<Format> format_at(const Matched& m, std::size_t place) {
    if (place == no_place || m.operands[place] == nullptr) return std::nullopt;
    return m.operands[place]->format;
}

double digits_below(double a) {
    int digits = 1;
    while (std::ldexp(1.0, digits) < a) ++digits;
    return digits;
}

double read(const Step& step, const Matched& m, std::span<const double> attributes) {
    switch (step.action) {
        case Action::size:
            return static_cast<double>(m.size(step.letter));
        case Action::attribute:
            return attributes[step.place];
        case Action::has_format:
            return format_at(m, step.place) == step.format;
        case Action::is_absent:
            return !format_at(m, step.place).has_value();
        case Action::same_format:
            return format_at(m, step.place) == format_at(m, step.other);
        default:
            return step.number;
    }
}

double of_one(Action action, double a) {
    switch (action) {
        case Action::negate:
            return a == 0.0;
        case Action::whole:
            return std::isfinite(a) && std::floor(a) == a;
        case Action::finite:
            return std::isfinite(a);
        case Action::words:
            return std::ceil(a / 64.0);
        default:
            return digits_below(a);
    }
}

double of_two(Action action, double a, double b) {
    switch (action) {
        case Action::add:
            return a + b;
        case Action::subtract:
            return a - b;
        case Action::multiply:
            return a * b;
        case Action::divide:
            return a / b;
        case Action::floor_divide:
            return std::floor(a / b);
        case Action::remainder:
            return std::fmod(a, b);
        case Action::less:
            return a < b;
        case Action::at_most:
            return a <= b;
        case Action::equal:
            return a == b;
        case Action::both:
            return a != 0.0 && b != 0.0;
        case Action::either:
            return a != 0.0 || b != 0.0;
        default:
            return std::min(a, b);
    }
}

double value(std::span<const Step> steps, const Matched& m, std::span<const double> attributes) {
    std::array<double, most_deep> stack{};
    std::size_t deep = 0;  // parse_steps has seen that it never passes the stack's ends
    for (const Step& step : steps) {
        if (step.action < Action::negate) {
            stack[deep++] = read(step, m, attributes);
        } else if (step.action < Action::add) {
            stack[deep - 1] = of_one(step.action, stack[deep - 1]);
        } else if (step.action < Action::choose) {
            deep -= 1;
            stack[deep - 1] = of_two(step.action, stack[deep - 1], stack[deep]);
        } else {
            deep -= 2;
            if (stack[deep + 1] == 0.0) stack[deep - 1] = stack[deep];
        }
    }
    return stack[0];
}

// Whole numbers with commas, others in six digits.
std::string shown(double number) {
    if (std::isnan(number)) return "nan";
    char digits[64];
    const bool whole = std::floor(number) == number && std::abs(number) <= exact;
    std::snprintf(digits, sizeof digits, whole ? "%.0f" : "%g", number + 0.0);
    std::string text = digits;
    if (!whole) return text;
    const std::ptrdiff_t first = text[0] == '-' ? 1 : 0;
    for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > first; place -= 3)
        text.insert(static_cast<std::size_t>(place), 1, ',');
    return text;
}

std::string reason_of(const Rule& rule, const Matched& m, std::span<const double> attributes) {
    std::string reason;
    for (const Piece& piece : rule.reason) {
        if (!piece.text.empty()) {
            reason += piece.text;
        } else if (!piece.steps.empty()) {
            reason += shown(value(piece.steps, m, attributes));
        } else {
            const auto format = format_at(m, piece.operand);
            reason += format ? name_of(*format) : "absent";
        }
    }
    return reason;
}

}  // namespace

std::vector<Step> parse_steps(std::string_view text, const Signature& signature) {
    std::vector<Step> steps;
    std::size_t deep = 0;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, length);
        text.remove_prefix(std::min(length + 1, text.size()));
        const Word* known = std::find_if(std::begin(vocabulary), std::end(vocabulary),
                                         [word](const Word& w) { return w.name == word; });
        const bool reads = known == std::end(vocabulary);
        const std::size_t takes = reads ? 0 : known->takes;
        if (word.empty() || deep < takes || deep - takes == most_deep) refuse("rule '", text, "' does not fit a stack");
        steps.push_back(reads ? read_step(signature, word) : Step{.action = known->action});
        deep += 1 - takes;
    }
    if (deep != 1) refuse("a rule leaves ", deep, " values, must leave one");
    return steps;
}

std::vector<Rule> parse_rules(std::string_view lines, const Signature& signature) {
    std::vector<Rule> rules;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        const std::size_t middle = line.find(arrow);
        if (middle == std::string_view::npos) refuse("rule '", line, "' has no reason");
        rules.push_back({parse_steps(line.substr(0, middle), signature),
                         parse_reason(line.substr(middle + arrow.size()), signature)});
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return rules;
}

std::string Checks::first_failure(const Matched& matched, std::span<const double> attributes) const {
    for (const Rule& rule : rules)
        if (value(rule.holds, matched, attributes) == 0.0) return reason_of(rule, matched, attributes);
    return "";
}

std::uint64_t Checks::workspace_bytes(const Matched& matched, std::span<const double> attributes) const {
    constexpr double most = 4096.0;
    const double kibibytes = std::ceil(value(workspace, matched, attributes));
    if (!(kibibytes >= 0.0 && kibibytes <= most))
        refuse(matched.op->name, " wants a workspace of ", kibibytes, " KiB, at most ", most);
    return static_cast<std::uint64_t>(kibibytes) * 1024;
}

}  // namespace linocut
