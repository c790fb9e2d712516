// What limits.cpp and image_limits.cpp share: questions about the operands of an instruction, and bounds of sums.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "error.hpp"
#include "formats.hpp"
#include "signature.hpp"

namespace linocut {

inline constexpr std::int64_t i16_max = 32767;
inline constexpr std::int64_t i32_max = 2147483647;
inline constexpr std::int64_t u8_scale = 255;

inline bool is(const Matched& m, std::string_view name, Format format) { return m.format(name) == format; }

inline bool given(const Matched& m, std::string_view name) { return m.format(name).has_value(); }

inline std::string_view shown(const Matched& m, std::string_view name) {
    const auto format = m.format(name);
    return format ? name_of(*format) : "absent";
}

inline std::string at_most(std::int64_t value, const char* what, std::int64_t most) {
    return value > most ? text(value, " ", what, " overflow the sum, at most ", most) : "";
}

}  // namespace linocut
