// Why a program or a session is refused: one line that names the place, the value and the bound.
//
// Refusals are thrown while a program is loaded or a session opened, and caught at the C interface; nothing
// throws while running.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace linocut {

class Refusal : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    throw Refusal(text(parts...));
}

// A name out of a file, fit for a message: at most 60 bytes, those that are not printable ASCII as '?'.
inline std::string printable(std::string_view name) {
    std::string shown(name.substr(0, 60));
    for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
    return shown;
}

}  // namespace linocut
