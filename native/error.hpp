// Why a program or a session is refused: one line that names the place, the value and the bound.
//
// Refusals are thrown while a program is loaded or a session opened, and caught at the C interface; nothing
// throws while running.
#pragma once

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace linocut {

class Refusal : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Parts of a text. Without streams, which would bring a static runner a megabyte of locales.
void append(std::string& to, std::string_view part);
void append(std::string& to, char part);
void append(std::string& to, std::int64_t number);
void append(std::string& to, std::uint64_t number);
void append(std::string& to, double number);  // six significant digits

template <std::signed_integral Number>
void append(std::string& to, Number number) {
    append(to, std::int64_t{number});
}

template <std::unsigned_integral Number>
void append(std::string& to, Number number) {
    append(to, std::uint64_t{number});
}

template <class... Parts>
std::string text(const Parts&... parts) {
    std::string whole;
    (append(whole, parts), ...);
    return whole;
}

[[noreturn]] void throw_refusal(const std::string& reason);

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    throw_refusal(text(parts...));
}

// A name out of a file, fit for a message: at most 60 bytes, those that are not printable ASCII as '?'.
std::string printable(std::string_view name);

}  // namespace linocut
