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

// Mantissas of a gradient, which need an exponent.
inline bool is_mantissas(const Matched& m, std::string_view name) {
    return is(m, name, Format::i8) || is(m, name, Format::i16);
}

// An input gradient has all that belongs to an integer dX, or nothing of it.
inline bool integers_together(const Matched& m) {
    const int parts = int{is(m, "dy", Format::i8)} + int{is_mantissas(m, "dx")} + int{given(m, "dy_exponent")} +
                      int{given(m, "dx_exponent")} + int{given(m, "scale")};
    return parts == 0 || parts == 5;
}

inline std::string_view shown(const Matched& m, std::string_view name) {
    const auto format = m.format(name);
    return format ? name_of(*format) : "absent";
}

inline std::string at_most(std::int64_t value, const char* what, std::int64_t most) {
    return value > most ? text(value, " ", what, " overflow the sum, at most ", most) : "";
}

inline bool is_bits_or_bytes(const Matched& m, std::string_view name) {
    return is(m, name, Format::bit) || is(m, name, Format::u8);
}

// Of a product in prediction (src/linocut/ops/outcome.py).
inline std::string outcome_reason(const Matched& m) {
    if (given(m, "bits") == given(m, "y"))
        return "takes one of bits and y: bits where thresholds follow, y where sums are wanted";
    return given(m, "least") == given(m, "bits") ? "" : "least and bits go with each other";
}

// Where rows of so many words are to be in panels of 64 outputs (src/linocut/ops/panels.py).
inline std::string panels_reason(std::int64_t panels, std::int64_t row_words, std::int64_t outputs, std::int64_t needed) {
    if (panels == (outputs + 63) / 64 && row_words == needed) return "";
    return text("panels are ", panels, " of ", row_words, " words, must be ", (outputs + 63) / 64, " of ", needed, " for ",
                outputs, " outputs");
}

// Of a gradient of weights; fused instructions have no dW.
inline std::string weight_gradient_formats(const Matched& m) {
    if (!is(m, "dy", Format::i8))
        return is(m, "dw", Format::q7) ? text("a dY in ", shown(m, "dy"), " gives no dW in q7") : "";
    const bool known = !given(m, "dw") || is(m, "dw", Format::bit) || is(m, "dw", Format::q7);
    if (known && is_bits_or_bytes(m, "x")) return "";
    return text("an i8 dY takes X as bit or u8 and gives dW as bit or q7, not X ", shown(m, "x"), ", dW ",
                shown(m, "dw"));
}

}  // namespace linocut
