#include "image_limits.hpp"

#include <bit>
#include <cmath>

#include "reasons.hpp"

namespace linocut {
namespace {

constexpr std::int64_t most_stride = 32768;  // and the most rows or columns of a pool's window
constexpr std::int64_t most_overlap = 65536;

int exponents(const Matched& m) { return int{given(m, "dx_exponent")} + int{given(m, "dy_exponent")}; }

// --- geometry ---

// The attributes of an instruction by name.
struct Attributes {
    const Matched& matched;
    std::span<const double> values;

    bool has(std::string_view name) const { return place(name) < values.size(); }
    double operator[](std::string_view name) const { return has(name) ? values[place(name)] : 0.0; }

  private:
    std::size_t place(std::string_view name) const {
        const auto& names = matched.op->signature.attributes;
        std::size_t i = 0;
        while (i < names.size() && names[i] != name) ++i;
        return i;
    }
};

bool is_whole(double value, std::int64_t low, std::int64_t high) {
    return value >= static_cast<double>(low) && value <= static_cast<double>(high) &&
           std::floor(value) == value;
}

std::string whole_reason(std::string_view name, double value, std::int64_t low, std::int64_t high) {
    if (is_whole(value, low, high)) return "";
    return text(name, " is ", value, ", must be a whole number from ", low, " to ", high);
}

// One direction: every output must see at least one pixel. A pad is below the window's size, so that the
// first output does, and so does the last where its first tap is not past the image.
struct Direction {
    std::string_view pad;
    std::int64_t window, image, outputs;
};

std::string direction_reason(const Direction& d, std::int64_t stride, double pad) {
    if (std::string reason = whole_reason(d.pad, pad, 0, d.window - 1); !reason.empty())
        return reason + ", below the window's size";
    // Sizes are below 2**32 and a stride at most 2**15: no overflow.
    if ((d.outputs - 1) * stride - static_cast<std::int64_t>(pad) < d.image) return "";
    return text(d.outputs, " outputs of stride ", stride, " and ", d.pad, " ", pad, " pass the image's ",
                d.image, " pixels");
}

std::string window_reason(const Matched& m, const Attributes& a, std::int64_t height, std::int64_t width) {
    if (std::string reason = whole_reason("stride", a["stride"], 1, most_stride); !reason.empty())
        return reason;
    const auto stride = static_cast<std::int64_t>(a["stride"]);
    for (const Direction& d : {Direction{"pad_top", height, m.size('H'), m.size('I')},
                               Direction{"pad_left", width, m.size('W'), m.size('J')}})
        if (std::string reason = direction_reason(d, stride, a[d.pad]); !reason.empty()) return reason;
    return "";
}

std::string conv_reason(const Matched& m, const Attributes& a) {
    if (a.has("exact") && a["exact"] != 0.0 && a["exact"] != 1.0)
        return text("exact is ", a["exact"], ", must be 0 or 1");
    return window_reason(m, a, m.size('P'), m.size('Q'));
}

std::string pool_reason(const Matched& m, const Attributes& a) {
    for (std::string_view name : {"height", "width"})
        if (std::string reason = whole_reason(name, a[name], 1, most_stride); !reason.empty()) return reason;
    return window_reason(m, a, static_cast<std::int64_t>(a["height"]), static_cast<std::int64_t>(a["width"]));
}

// A pool with an index: one plane for each binary digit of a tap's number.
std::string indexed_pool_reason(const Matched& m, const Attributes& a) {
    if (std::string reason = pool_reason(m, a); !reason.empty()) return reason;
    const auto taps = static_cast<std::uint64_t>(a["height"] * a["width"]);
    const std::int64_t needed = taps > 2 ? std::bit_width(taps - 1) : 1;
    if (!given(m, "index") || m.size('L') == needed) return "";
    return text("index has ", m.size('L'), " planes, a window of ", a["height"], " x ", a["width"], " takes ",
                needed);
}

// --- formats and sizes ---

std::string either(std::string reason, const std::string& other) { return reason.empty() ? other : reason; }

// A byte counts up to 255; in 32 bits twice that is summed at first.
std::int64_t most_inputs(const Matched& m) {
    const bool bytes = is(m, "x", Format::u8);
    if (is(m, "y", Format::i16)) return bytes ? i16_max / u8_scale : i16_max;
    return bytes ? i32_max / (2 * u8_scale) : i32_max / 2;
}

std::string conv2d_reason(const Matched& m) {
    const bool whole = is_bits_or_bytes(m, "x");
    if (is(m, "weights", Format::bit) ? is(m, "x", Format::f16) : whole)
        return text("x ", shown(m, "x"), " and weights ", shown(m, "weights"),
                    ": bits go with bits, u8 or f32, weights in floats with x in floats");
    if (!whole && (is(m, "y", Format::i16) || is(m, "y", Format::i32)))
        return text("x ", shown(m, "x"), " has no integer product");
    return at_most(m.size('P') * m.size('Q') * m.size('C'), "inputs", most_inputs(m));
}

std::string conv2d_input_gradient_reason(const Matched& m) {
    if (!integers_together(m) || (is(m, "dy", Format::i8) && !is(m, "weights", Format::bit)))
        return text("dY ", shown(m, "dy"), ", dX ", shown(m, "dx"), ", weights ", shown(m, "weights"),
                    ": integer gradients go with each other, exponents, scale and bits");
    return at_most(m.size('N') * m.size('P') * m.size('Q'), "products", i32_max / u8_scale);
}

// Also of the instructions that update the weights at once: they have no dW.
std::string conv2d_weight_gradient_reason(const Matched& m) {
    if (const std::string reason = weight_gradient_formats(m); !reason.empty()) return reason;
    if (!is(m, "dy", Format::i8)) return "";
    return at_most(m.size('B') * m.size('I') * m.size('J'), "pixels of a batch", i32_max / u8_scale);
}

std::string max_pool_reason(const Matched& m) {
    if (m.format("x") == m.format("y")) return "";
    return text("x ", shown(m, "x"), " and y ", shown(m, "y"), " must have the same format");
}

std::string max_pool_gradient_reason(const Matched& m) {
    if (m.format("dx") != m.format("dy"))
        return text("dY ", shown(m, "dy"), " and dX ", shown(m, "dx"), " must have the same format");
    if (exponents(m) == (is_mantissas(m, "dy") ? 2 : 0)) return "";
    return text("dY ", shown(m, "dy"), " with ", exponents(m),
                " exponents: integers have two, floats none");
}

// A sum of 16-bit integers over all windows that share an input fits 32 bits.
std::string pool_gradient_reason(const Matched& m, const Attributes& a) {
    if (std::string reason = indexed_pool_reason(m, a); !reason.empty()) return reason;
    const double shared = std::ceil(a["height"] / a["stride"]) * std::ceil(a["width"] / a["stride"]);
    return at_most(static_cast<std::int64_t>(shared), "windows that share an input", most_overlap);
}

std::string gate_gradient_reason(const Matched& m) {
    if (int{given(m, "mask")} + int{given(m, "slope")} + int{given(m, "x")} > 1)
        return text("takes one of mask, slope and x at most: mask is ", shown(m, "mask"), ", slope ",
                    shown(m, "slope"), ", x ", shown(m, "x"));
    if (is_mantissas(m, "dx") == given(m, "dx_exponent")) return "";
    return text("dX ", shown(m, "dx"), ": an integer gradient and an exponent go with each other");
}

// An output's row in the panels has whole words for each tap.
std::string packed_conv2d_reason(const Matched& m, const Attributes& a) {
    if (const std::string reason = outcome_reason(m); !reason.empty()) return reason;
    if (const std::string reason = pool_reason(m, a); !reason.empty()) return reason;
    const auto taps = static_cast<std::int64_t>(a["height"]) * static_cast<std::int64_t>(a["width"]);
    const std::int64_t row_words = taps * ((m.size('C') + 63) / 64);
    if (const std::string reason = panels_reason(m.size('P'), m.size('K'), m.size('N'), row_words); !reason.empty())
        return reason;
    return at_most(taps * m.size('C'), "inputs", most_inputs(m));
}

std::string byte_conv2d_reason(const Matched& m, const Attributes& a) {
    if (const std::string reason = outcome_reason(m); !reason.empty()) return reason;
    return either(at_most(m.size('P') * m.size('Q') * m.size('C'), "inputs", most_inputs(m)), conv_reason(m, a));
}

std::string flatten_bits_reason(const Matched& m) {
    const std::int64_t count = m.size('H') * m.size('W') * m.size('C');
    return m.size('K') == count ? "" : text("y has ", m.size('K'), " bits an example, x has ", count);
}

}  // namespace

std::string image_limits(const Matched& m, std::span<const double> attributes) {
    const Attributes a{m, attributes};
    switch (static_cast<OpCode>(m.op->code)) {
        case OpCode::conv2d:
            return either(conv2d_reason(m), conv_reason(m, a));
        case OpCode::conv2d_input_gradient:
            return either(conv2d_input_gradient_reason(m), conv_reason(m, a));
        case OpCode::conv2d_weight_gradient:
        case OpCode::conv2d_weight_gradient_adam:
        case OpCode::conv2d_weight_gradient_sgd:
        case OpCode::conv2d_weight_gradient_bop:
            return either(conv2d_weight_gradient_reason(m), conv_reason(m, a));
        case OpCode::max_pool:
            return either(max_pool_reason(m), indexed_pool_reason(m, a));
        case OpCode::max_pool_gradient:
            return either(max_pool_gradient_reason(m), pool_gradient_reason(m, a));
        case OpCode::average_pool:
        case OpCode::average_pool_gradient:
            return pool_reason(m, a);
        case OpCode::gate_gradient:
            return gate_gradient_reason(m);
        case OpCode::flatten_bits:
            return flatten_bits_reason(m);
        case OpCode::packed_conv2d:
            return packed_conv2d_reason(m, a);
        case OpCode::byte_conv2d:
            return byte_conv2d_reason(m, a);
        default:  // to_numbers, add, relu, real_sign, channel_scale and scale_channels have none
            return "";
    }
}

}  // namespace linocut
