// Number formats, as in src/linocut/formats.py.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/kernel.hpp"

namespace linocut {

struct FormatInfo {
    Format format;
    std::string_view name;
    int bits;  // of one element
};

// nullptr where there is none of that code or name.
const FormatInfo* find_format(std::uint8_t code);
const FormatInfo* find_format(std::string_view name);

// Of a format that is known to exist.
inline std::string_view name_of(Format format) { return find_format(static_cast<std::uint8_t>(format))->name; }

}  // namespace linocut
