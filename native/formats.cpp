#include "formats.hpp"

namespace linocut {
namespace {

constexpr FormatInfo formats[] = {
    {Format::u8, "u8", 8},    {Format::i8, "i8", 8},    {Format::i16, "i16", 16}, {Format::i32, "i32", 32},
    {Format::i64, "i64", 64}, {Format::f16, "f16", 16}, {Format::f32, "f32", 32}, {Format::f64, "f64", 64},
    {Format::bit, "bit", 1},  {Format::q15, "q15", 16}, {Format::q7, "q7", 8},    {Format::i4, "i4", 4},
};

}  // namespace

const FormatInfo* find_format(std::uint8_t code) {
    for (const FormatInfo& info : formats)
        if (static_cast<std::uint8_t>(info.format) == code) return &info;
    return nullptr;
}

const FormatInfo* find_format(std::string_view name) {
    for (const FormatInfo& info : formats)
        if (info.name == name) return &info;
    return nullptr;
}

}  // namespace linocut
