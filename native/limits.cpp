#include "limits.hpp"

#include <algorithm>
#include <cmath>

#include "image_limits.hpp"
#include "reasons.hpp"

namespace linocut {
namespace {

constexpr std::int64_t most_parts = 65536;
constexpr std::int64_t most_wide_rows = 4194304;  // of i32: their sum is below 2**53
constexpr double most_products = 8421504.0;  // of a gradient and a sign: their sum, and twice it, fit 32 bits
constexpr double most_micro_batches = 1048576.0;
constexpr double most_salt = 9007199254740992.0;  // 2**53: an integer that a double holds exactly

// --- attributes ---

struct Rule {
    std::string_view attribute;
    bool (*holds)(double);
    const char* bound;
};

constexpr auto is_flag = [](double v) { return v == 0.0 || v == 1.0; };
constexpr auto is_decay = [](double v) { return v >= 0.0 && v < 1.0; };
constexpr auto is_count = [](double v) { return v >= 1.0 && std::floor(v) == v; };
constexpr auto is_not_negative = [](double v) { return v >= 0.0; };

constexpr Rule rules[] = {
    {"norm", [](double v) { return v == 1.0 || v == 2.0 || v == 3.0; }, "1 (l1), 2 (l2) or 3 (scaled l1)"},
    {"ste", is_flag, "0 or 1"},
    {"signs", is_flag, "0 or 1"},
    {"nesterov", is_flag, "0 or 1"},
    {"fresh", is_flag, "0 or 1"},
    {"decay", is_not_negative, "at least 0"},
    {"rate", is_not_negative, "at least 0"},
    {"smoothing", is_decay, "at least 0 and below 1"},
    {"clip", [](double v) { return v >= 0.0 && v <= 1.0; }, "0 to 1"},
    {"momentum", is_decay, "at least 0 and below 1"},
    {"beta1", is_decay, "at least 0 and below 1"},
    {"beta2", is_decay, "at least 0 and below 1"},
    {"gamma", [](double v) { return v >= 0.0 && v <= 1.0; }, "0 to 1"},
    {"micro_batches", [](double v) { return v >= 1.0 && v <= most_micro_batches && std::floor(v) == v; },
     "a whole number, 1 to 2**20"},
    {"epsilon", is_not_negative, "at least 0"},
    {"tau", is_not_negative, "at least 0"},
    {"products", [](double v) { return is_count(v) && v <= most_products; }, "a whole number, 1 to 8421504"},
    {"elements", [](double v) { return is_count(v) && v <= most_salt; }, "a whole number, 1 to 2**53"},
    {"bits", [](double v) { return v == 7.0 || v == 15.0; }, "7 or 15"},
    {"gradient_scale", [](double v) { return v > 0.0; }, "above 0"},
    {"salt", [](double v) { return v >= 0.0 && v <= most_salt && std::floor(v) == v; },
     "a whole number, 0 to 2**53"},
};

std::string attribute_reason(std::string_view name, double value) {
    if (!std::isfinite(value)) return text("attribute ", name, " is ", value, ", must be finite");
    for (const Rule& rule : rules)
        if (rule.attribute == name && !rule.holds(value))
            return text("attribute ", name, " is ", value, ", must be ", rule.bound);
    return "";
}

// An attribute that the signature has.
double attribute(const Matched& m, std::span<const double> attributes, std::string_view name) {
    const auto& names = m.op->signature.attributes;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return attributes[i];
    return 0.0;
}

// --- formats and sizes ---

bool given_and_not(const Matched& m, std::string_view name, Format format) {
    return given(m, name) && !is(m, name, format);
}

bool is_fixed(const Matched& m, std::string_view name) {
    return is(m, name, Format::q15) || is(m, name, Format::q7);
}

std::string binary_matmul_reason(const Matched& m) {
    return at_most(m.size('K'), "inputs", is(m, "y", Format::i16) ? i16_max : i32_max / 2);
}

std::string real_matmul_reason(const Matched& m) {
    if (is(m, "x", Format::f32) && (is(m, "y", Format::i16) || is(m, "y", Format::i32)))
        return "f32 inputs have no integer product";
    const bool narrow = is(m, "y", Format::i16);
    return at_most(m.size('K'), "inputs", narrow ? i16_max / u8_scale : i32_max / (2 * u8_scale));
}

std::string packed_matmul_reason(const Matched& m) {
    if (const std::string reason = outcome_reason(m); !reason.empty()) return reason;
    if (const std::string reason = binary_matmul_reason(m); !reason.empty()) return reason;
    return panels_reason(m.size('P'), m.size('W'), m.size('N'), (m.size('K') + 63) / 64);
}

std::string byte_matmul_reason(const Matched& m) {
    const std::string reason = outcome_reason(m);
    return reason.empty() ? real_matmul_reason(m) : reason;
}

std::string threshold_reason(const Matched& m) {
    if ((is(m, "y", Format::i16) || is(m, "y", Format::i32)) == is(m, "least", Format::i32)) return "";
    return text("y ", shown(m, "y"), " and least ", shown(m, "least"), ": integers go with i32, floats with f32");
}

std::string quantise_reason(double low, double high) {
    const double scale = 255.0 / (high - low);
    if (low < high && std::isfinite(high - low) && std::isfinite(scale)) return "";
    return text("low is ", low, " and high ", high,
                ": low must be below high, by a distance that can be divided by");
}

// A kernel may rely on i16 mantissas having their exponent.
std::string loss_reason(const Matched& m) {
    if (is(m, "gradient", Format::i16) == given(m, "exponent")) return "";
    return text("gradient ", shown(m, "gradient"), " and exponent ", shown(m, "exponent"),
                ": i16 goes with an exponent");
}

// The sums of an instruction go to `work` part by part: so many rows for each part, which has a row at least
// (src/linocut/ops/norm.py).
std::string work_reason(const Matched& m, std::int64_t quantities, std::string_view elements) {
    if (!given(m, "work")) return "";
    const std::int64_t most = quantities * std::min(m.size('R'), most_parts);
    if (m.size('S') % quantities != 0 || m.size('S') > most)
        return text("work has ", m.size('S'), " rows, must be a multiple of ", quantities, ", at most ",
                    most);
    return is(m, elements, Format::i32) ? at_most(m.size('R'), "rows", most_wide_rows) : "";
}

// Channels [first, first + D) of C: whole words of them, but for the last.
std::string channels_reason(const Matched& m, double first) {
    const std::int64_t most = m.size('C') - m.size('D');
    if (!(first >= 0.0 && first <= static_cast<double>(most) && std::fmod(first, 64.0) == 0.0))
        return text("attribute first is ", first, ", must be a multiple of 64 from 0 to ", most);
    if (m.size('D') % 64 == 0 || first == static_cast<double>(most)) return "";
    return text("y has ", m.size('D'), " of ", m.size('C'), " channels, must be a multiple of 64 or the last ones");
}

std::string norm_statistics_reason(const Matched& m, double first) {
    const std::string reason = channels_reason(m, first);
    return reason.empty() ? work_reason(m, 3, "y") : reason;
}

std::string norm_sign_reason(const Matched& m, double first) {
    if (given(m, "work") != given(m, "omega")) return "omega and work go with each other";
    const std::string reason = channels_reason(m, first);
    return reason.empty() ? work_reason(m, 2, "y") : reason;
}

// An integer gradient goes with its exponent.
std::string norm_gradient_reason(const Matched& m) {
    const bool from = is_mantissas(m, "dx");
    const bool to = is(m, "dy", Format::i8);
    if (given(m, "scale") != given(m, "dy_exponent")) return "dY in integers goes with a scale";
    if (from == given(m, "dx_exponent") && to == given(m, "dy_exponent")) return "";
    return text("dX ", shown(m, "dx"), ", dY ", shown(m, "dy"),
                ": an integer gradient goes with its exponent");
}

std::string input_gradient_reason(const Matched& m) {
    if (!integers_together(m))
        return text("dY ", shown(m, "dy"), " and dX ", shown(m, "dx"),
                    ": integer gradients go with each other, exponents and scale");
    return at_most(m.size('N'), "outputs", i32_max / u8_scale);
}

std::string weight_gradient_reason(const Matched& m) {
    if (const std::string reason = weight_gradient_formats(m); !reason.empty()) return reason;
    if (!is(m, "dy", Format::i8)) return "";
    const bool bits = is(m, "x", Format::bit);
    return at_most(m.size('R'), "rows", i32_max / (bits ? u8_scale : 127 * 2 * u8_scale));
}

std::string update_reason(const Matched& m) {
    const bool fixed = is_fixed(m, "w"), mixed = fixed != is_fixed(m, "m");
    const bool fits = !given(m, "dw") || is(m, "dw", Format::bit) || is(m, "dw", Format::q7) == fixed;
    if (!mixed && fits && !(fixed && given(m, "v"))) return "";
    return text("W ", shown(m, "w"), ", m ", shown(m, "m"), ", v ", shown(m, "v"), ", dW ", shown(m, "dw"),
                ": fixed-point weights take a q7 moment, no v, and dW as bit or q7, floats take dW as bit, f16 or f32");
}

// Fixed-point weights decay by decay_weights only.
std::string sgd_decay_reason(const Matched& m, std::span<const double> attributes) {
    const double decay = attribute(m, attributes, "decay");
    if (!is_fixed(m, "w") || decay == 0.0) return "";
    return text("attribute decay is ", decay, ", must be 0 of weights in ", shown(m, "w"), "; use decay_weights");
}

std::string sgd_reason(const Matched& m, std::span<const double> attributes) {
    const std::string reason = update_reason(m);
    return reason.empty() ? sgd_decay_reason(m, attributes) : reason;
}

std::string fused_sgd_reason(const Matched& m, std::span<const double> attributes) {
    const std::string reason = weight_gradient_reason(m);
    return reason.empty() ? sgd_decay_reason(m, attributes) : reason;
}

std::string adam_reason(const Matched& m) {
    if (!is_fixed(m, "w") && !given(m, "v"))
        return text("weights in ", shown(m, "w"), " need a second moment v");
    return update_reason(m);
}

std::string bop_reason(const Matched& m, double tau, double gradient_scale) {
    if (!is_fixed(m, "m")) return "";
    if (given_and_not(m, "dw", Format::bit))
        return text("a ", shown(m, "m"), " moment takes dW as bit, not ", shown(m, "dw"));
    // The threshold is an integer, and a moment never passes 1: nothing flips beyond that.
    if (!(tau / gradient_scale <= 32768.0))
        return text("tau / gradient_scale is ", tau / gradient_scale, ", at most 32768");
    return "";
}

std::string bop_reason(const Matched& m, std::span<const double> attributes) {
    return bop_reason(m, attribute(m, attributes, "tau"), attribute(m, attributes, "gradient_scale"));
}

std::string fused_bop_reason(const Matched& m, std::span<const double> attributes) {
    const std::string reason = weight_gradient_reason(m);
    return reason.empty() ? bop_reason(m, attributes) : reason;
}

// A whole number of channels from `first` on, within so many.
std::string range_reason(std::string_view name, double first, double count, std::int64_t channels) {
    const double last = static_cast<double>(channels) - count;
    if (first >= 0.0 && first <= last && std::floor(first) == first) return "";
    return text("attribute ", name, " is ", first, ", must be a whole number from 0 to ", last, ": ", count, " of ",
                channels, " channels");
}

std::string copy_channels_reason(const Matched& m, std::span<const double> attributes) {
    if (m.format("x") != m.format("y"))
        return text("x ", shown(m, "x"), " and y ", shown(m, "y"), " must have the same format");
    const double count = attribute(m, attributes, "count");
    const std::int64_t most = std::min(m.size('C'), m.size('D'));
    if (!(is_count(count) && count <= static_cast<double>(most)))
        return text("attribute count is ", count, ", must be a whole number from 1 to ", most,
                    ", the channels of x and of y");
    const std::string reason = range_reason("begin", attribute(m, attributes, "begin"), count, m.size('C'));
    return reason.empty() ? range_reason("at", attribute(m, attributes, "at"), count, m.size('D')) : reason;
}

std::string op_reason(const Matched& m, std::span<const double> attributes) {
    switch (static_cast<OpCode>(m.op->code)) {
        case OpCode::binary_matmul:
            return binary_matmul_reason(m);
        case OpCode::real_matmul:
            return real_matmul_reason(m);
        case OpCode::quantise_input:
            return quantise_reason(attribute(m, attributes, "low"), attribute(m, attributes, "high"));
        case OpCode::softmax_cross_entropy:
        case OpCode::mean_squared_error:
        case OpCode::sigmoid_cross_entropy:
            return loss_reason(m);
        case OpCode::norm_statistics:
            return norm_statistics_reason(m, attribute(m, attributes, "first"));
        case OpCode::norm_sign:
            return norm_sign_reason(m, attribute(m, attributes, "first"));
        case OpCode::norm_gradient_sums:
            return work_reason(m, 5, "dx");
        case OpCode::norm_gradient:
            return norm_gradient_reason(m);
        case OpCode::input_gradient:
            return input_gradient_reason(m);
        case OpCode::weight_gradient:
        case OpCode::weight_gradient_adam:
            return weight_gradient_reason(m);
        case OpCode::weight_gradient_sgd:
            return fused_sgd_reason(m, attributes);
        case OpCode::weight_gradient_bop:
            return fused_bop_reason(m, attributes);
        case OpCode::adam:
            return adam_reason(m);
        case OpCode::sgd:
            return sgd_reason(m, attributes);
        case OpCode::bop:
            return bop_reason(m, attributes);
        case OpCode::channel_sums:
            return work_reason(m, 1, "a");
        case OpCode::copy_channels:
            return copy_channels_reason(m, attributes);
        case OpCode::conv2d_weight_gradient_sgd: {
            const std::string reason = image_limits(m, attributes);
            return reason.empty() ? sgd_decay_reason(m, attributes) : reason;
        }
        case OpCode::conv2d_weight_gradient_bop: {
            const std::string reason = image_limits(m, attributes);
            return reason.empty() ? bop_reason(m, attributes) : reason;
        }
        case OpCode::packed_matmul:
            return packed_matmul_reason(m);
        case OpCode::byte_matmul:
            return byte_matmul_reason(m);
        case OpCode::threshold:
            return threshold_reason(m);
        default:
            return image_limits(m, attributes);
    }
}

}  // namespace

std::string limits(const Matched& matched, std::span<const double> attributes) {
    const auto& names = matched.op->signature.attributes;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (std::string reason = attribute_reason(names[i], attributes[i]); !reason.empty()) return reason;
    return op_reason(matched, attributes);
}

}  // namespace linocut
