#include "signature.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include "error.hpp"
#include "formats.hpp"

namespace linocut {
namespace {

constexpr std::string_view rows = "R";

bool is_letter(std::string_view dim) { return dim.size() == 1 && dim[0] >= 'A' && dim[0] <= 'Z'; }

std::optional<std::int64_t> number_in(std::string_view dim) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(dim.data(), dim.data() + dim.size(), value);
    return error == std::errc() && end == dim.data() + dim.size() ? std::optional(value) : std::nullopt;
}

// The parts between separators; empty ones are left out.
std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

// What stands before `mark`; `text` keeps what follows it.
std::string_view take_until(std::string_view& text, char mark, std::string_view whole) {
    const std::size_t end = text.find(mark);
    if (end == std::string_view::npos) refuse("operand '", whole, "' is not of the form <name:format[R,K]");
    const std::string_view before = text.substr(0, end);
    text.remove_prefix(end + 1);
    return before;
}

std::uint32_t parse_formats(std::string_view names) {
    std::uint32_t formats = 0;
    for (std::string_view name : split(names, '|')) {
        const FormatInfo* info = find_format(name);
        if (info == nullptr) refuse("no number format is called '", name, "'");
        formats |= 1U << static_cast<unsigned>(info->format);
    }
    return formats;
}

SignatureOperand parse_operand(std::string_view whole) {
    SignatureOperand operand;
    operand.mode = whole[0];
    if (std::string_view("<>=").find(operand.mode) == std::string_view::npos)
        refuse("operand '", whole, "' starts with none of <, > and =");
    std::string_view text = whole.substr(1);
    operand.name = take_until(text, ':', whole);
    operand.optional = operand.name.ends_with('?');
    if (operand.optional) operand.name.remove_suffix(1);
    if (const std::size_t at = operand.name.find('@'); at != std::string_view::npos) {
        operand.over = split(operand.name.substr(at + 1), '+');
        operand.name = operand.name.substr(0, at);
    }
    operand.formats = parse_formats(take_until(text, '[', whole));
    operand.dims = split(take_until(text, ']', whole), ',');
    const auto is_dim = [](std::string_view dim) { return is_letter(dim) || number_in(dim).has_value(); };
    if (operand.dims.empty() || !std::all_of(operand.dims.begin(), operand.dims.end(), is_dim))
        refuse("operand '", whole, "' has a dimension that is neither a letter nor a number");
    return operand;
}

std::string list_formats(const SignatureOperand& operand) {
    std::string list;
    for (std::uint8_t code = 0; code < 32; ++code)
        if (const FormatInfo* info = find_format(code); info != nullptr && operand.admits(info->format))
            list += text(list.empty() ? "" : " or ", info->name);
    return list;
}

// A first dimension R stands for the product of all leading dimensions of the shape, other dimensions match
// one to one.
std::string match_shape(Matched& matched, const SignatureOperand& operand, const Buffer& buffer) {
    const std::size_t wanted = operand.dims.size();
    const std::size_t given = buffer.dimensions;
    if (operand.dims[0] == rows ? given < wanted : given != wanted)
        return text("operand ", operand.name, " has ", given, " dimensions, must have ", wanted);
    const std::size_t lead = given - wanted;  // how many dimensions the first one takes in beside its own
    for (std::size_t d = 0; d < wanted; ++d) {
        const std::string_view dim = operand.dims[d];
        const std::int64_t size = d == 0 ? buffer.product(lead + 1) : buffer.sizes[lead + d];
        std::int64_t expected = number_in(dim).value_or(0);
        if (is_letter(dim)) {
            std::int64_t& bound = matched.sizes[static_cast<std::size_t>(dim[0] - 'A')];
            if (bound == 0) bound = size;
            expected = bound;
        }
        if (size != expected) return text("operand ", operand.name, ": ", dim, " is ", size, ", must be ", expected);
    }
    return "";
}

int bits_of(Format format) {
    const FormatInfo* info = find_format(static_cast<std::uint8_t>(format));
    return info == nullptr ? 0 : info->bits;
}

bool overlap(const Buffer& a, const Buffer& b) {
    return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

// Whether `out` is written over `in`, as its signature allows: element on element.
bool in_place(const SignatureOperand& out, const Buffer& to, const SignatureOperand& in, const Buffer& from) {
    const auto& names = out.over;
    const bool named = std::find(names.begin(), names.end(), in.name) != names.end();
    return named && to.offset == from.offset && bits_of(to.format) == bits_of(from.format);
}

}  // namespace

Signature parse_signature(std::string_view text) {
    Signature signature;
    const std::size_t end = std::min(text.find(';'), text.size());
    for (std::string_view part : split(text.substr(0, end), ' ')) signature.operands.push_back(parse_operand(part));
    signature.attributes = split(text.substr(std::min(end + 1, text.size())), ' ');
    if (signature.operands.size() > most_operands)
        refuse("signature '", text, "' has ", signature.operands.size(), " operands, at most ", most_operands);
    return signature;
}

// Threads that ask at once both read it, and one of them keeps it.
const Signature& Op::signature() const {
    if (const Signature* known = signature_.load(std::memory_order_acquire)) return *known;
    auto read = std::make_unique<const Signature>(parse_signature(text));
    const Signature* before = nullptr;
    if (!signature_.compare_exchange_strong(before, read.get(), std::memory_order_acq_rel)) return *before;
    return *read.release();
}

std::span<const Op> ops() {
    static const Op table[] = {
#define OP(code, name, signature, workspace, rules) {code, #name, signature, workspace, rules},
#include "ops.def"
#undef OP
    };
    return table;
}

const Op* find_op(std::uint16_t code) {
    for (const Op& op : ops())
        if (op.code == code) return &op;
    return nullptr;
}

std::optional<Format> Matched::format(std::string_view name) const {
    const auto& takes = op->signature().operands;
    for (std::size_t i = 0; i < takes.size(); ++i)
        if (takes[i].name == name && operands[i] != nullptr) return operands[i]->format;
    return std::nullopt;
}

std::string match(Matched& matched) {
    std::size_t place = 0;
    for (const SignatureOperand& operand : matched.op->signature().operands) {
        const Buffer* buffer = matched.operands[place++];
        if (buffer == nullptr) {
            if (!operand.optional) return text("operand ", operand.name, " is absent and must be given");
            continue;
        }
        if (!operand.admits(buffer->format))
            return text("operand ", operand.name, " has format ", name_of(buffer->format), ", must be ",
                        list_formats(operand));
        if (std::string reason = match_shape(matched, operand, *buffer); !reason.empty()) return reason;
    }
    return "";
}

std::string aliasing(const Matched& matched) {
    const auto& takes = matched.op->signature().operands;
    for (std::size_t i = 0; i < takes.size(); ++i)
        for (std::size_t j = i + 1; j < takes.size(); ++j) {
            const Buffer* a = matched.operands[i];
            const Buffer* b = matched.operands[j];
            if (a == nullptr || b == nullptr || !(takes[i].writes() || takes[j].writes()) || !overlap(*a, *b)) continue;
            if (!in_place(takes[i], *a, takes[j], *b) && !in_place(takes[j], *b, takes[i], *a))
                return text("operands ", takes[i].name, " at ", a->offset, " + ", a->bytes, " B and ", takes[j].name,
                            " at ", b->offset, " + ", b->bytes, " B overlap, and one is written");
        }
    return "";
}

}  // namespace linocut
