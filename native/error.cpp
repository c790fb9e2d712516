#include "error.hpp"

#include <charconv>
#include <cstdio>

namespace linocut {
namespace {

template <class Number>
void append_whole(std::string& to, Number number) {
    char digits[24];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

void append(std::string& to, std::string_view part) { to += part; }
void append(std::string& to, char part) { to += part; }
void append(std::string& to, std::int64_t number) { append_whole(to, number); }
void append(std::string& to, std::uint64_t number) { append_whole(to, number); }

void append(std::string& to, double number) {
    char digits[32];
    to.append(digits, static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%g", number)));
}

void throw_refusal(const std::string& reason) { throw Refusal(reason); }

std::string printable(std::string_view name) {
    std::string shown(name.substr(0, 60));
    for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
    return shown;
}

}  // namespace linocut
