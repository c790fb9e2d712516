#include "options.hpp"

#include <charconv>

#include "../error.hpp"

namespace linocut {
namespace {

constexpr std::uint64_t most_runs = 1ULL << 40;
constexpr std::uint64_t most_threads_asked = 256;

std::uint64_t whole_number(const std::string& option, const std::string& given, std::uint64_t most) {
    std::uint64_t value = 0;
    const char* end = given.data() + given.size();
    const auto [stopped, error] = std::from_chars(given.data(), end, value);
    if (error != std::errc() || stopped != end || value < 1 || value > most)
        refuse(option, " is '", printable(given), "', must be a whole number from 1 to ", most);
    return value;
}

Pairing pairing(const std::string& option, const std::string& given) {
    const std::size_t sign = given.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == given.size())
        refuse(option, " is '", printable(given), "', must be NAME=FILE");
    return {given.substr(0, sign), given.substr(sign + 1)};
}

void set(Options& options, const std::string& option, const std::string& given) {
    if (option == "--state") {
        options.state = given;
    } else if (option == "--rates") {
        options.rates = given;
    } else if (option == "--section") {
        options.section = given;
    } else if (option == "--isa") {
        options.isa = given;
    } else if (option == "--save") {
        options.save = given;
    } else if (option == "--feed") {
        options.feeds.push_back(pairing(option, given));
    } else if (option == "--collect") {
        options.collected.push_back(pairing(option, given));
    } else if (option == "--runs") {
        options.runs = whole_number(option, given, most_runs);
    } else if (option == "--threads") {
        options.threads = static_cast<int>(whole_number(option, given, most_threads_asked));
    } else {
        refuse("no option is called '", printable(option), "'; see linocut-runner --help");
    }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--help") {
            options.help = true;
            return options;
        }
        if (argument.starts_with("--")) {
            if (i + 1 == arguments.size()) refuse(printable(argument), " lacks its value");
            set(options, argument, arguments[++i]);
        } else if (options.program.empty()) {
            options.program = argument;
        } else {
            refuse("'", printable(argument), "' is a second program; give one");
        }
    }
    if (options.program.empty()) refuse("no program is given; see linocut-runner --help");
    return options;
}

}  // namespace linocut
