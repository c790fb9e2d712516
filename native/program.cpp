#include "program.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "error.hpp"
#include "formats.hpp"
#include "rules.hpp"
#include "signature.hpp"

namespace linocut {
namespace {

constexpr std::string_view magic{"LINOCUT\0", 8};
constexpr std::uint32_t version = 2;
constexpr int role_count = 16;                           // src/linocut/roles.py
constexpr std::uint64_t most_arena_bytes = 1ULL << 47;   // what a 64-bit process can address
constexpr std::size_t least_buffer = 8 + 4 + 4 + 4 + 2;  // bytes of the shortest buffer, instruction and section:
constexpr std::size_t least_instruction = 6;             // a count is checked against them before anything is
constexpr std::size_t least_section = 2 + 8;             // allocated for it

// Reads little-endian numbers and refuses to pass the end of the data.
class Reader {
  public:
    Reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    std::size_t left() const { return size_ - at_; }
    std::size_t at() const { return at_; }

    template <class T>
    T number() {
        const std::uint8_t* raw = take(sizeof(T));
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{raw[i]} << (8 * i);
        return static_cast<T>(value);
    }

    double real() { return std::bit_cast<double>(number<std::uint64_t>()); }

    std::string_view bytes(std::size_t count) { return {reinterpret_cast<const char*>(take(count)), count}; }

    // The C interface gives and takes names that end at a byte of 0: one within would make two names the same.
    std::string name() {
        const std::string_view name = bytes(number<std::uint16_t>());
        if (name.find('\0') != name.npos) refuse("the name before byte ", at_, " has a byte of 0 in it");
        return std::string(name);
    }

  private:
    const std::uint8_t* take(std::size_t count) {
        if (count > left())
            refuse("program ends at byte ", size_, ", ", count, " bytes are wanted at byte ", at_,
                   "; it is cut short or damaged");
        at_ += count;
        return data_ + (at_ - count);
    }

    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

void check_count(const char* what, std::uint32_t count, std::size_t least_bytes, std::size_t left) {
    if (count > left / least_bytes)
        refuse("program claims ", count, " ", what, ", the ", left, " bytes that follow hold at most ",
               left / least_bytes);
}

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::size_t number) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product) || product > most_arena_bytes)
        refuse("buffer ", number, " has more than ", most_arena_bytes, " bytes");
    return product;
}

std::uint64_t bytes_of(const Buffer& buffer, int bits, std::size_t number) {
    const std::uint64_t cols = buffer.shape().back();
    std::uint64_t bytes = bits == 1   ? (cols + 63) / 64 * 8
                          : bits == 4 ? (cols + 1) / 2
                                      : cols * static_cast<std::uint64_t>(bits / 8);
    for (std::uint32_t size : buffer.shape().first(buffer.dimensions - 1U)) bytes = multiply(bytes, size, number);
    return bytes;
}

void check_place(const Buffer& buffer, std::uint64_t arena_bytes, std::size_t number) {
    if (buffer.offset % alignment != 0)
        refuse("buffer ", number, " starts at byte ", buffer.offset, ", must be a multiple of ", alignment);
    if (buffer.bytes > arena_bytes || buffer.offset > arena_bytes - buffer.bytes)
        refuse("buffer ", number, " at ", buffer.offset, " + ", buffer.bytes, " B lies outside the arena of ",
               arena_bytes, " B");
}

void read_shape(Reader& reader, Buffer& buffer, std::size_t number) {
    if (buffer.dimensions < 1 || buffer.dimensions > most_dimensions)
        refuse("buffer ", number, " has ", int{buffer.dimensions}, " dimensions, must have 1 to ", most_dimensions);
    for (int d = 0; d < buffer.dimensions; ++d) {
        buffer.sizes[static_cast<std::size_t>(d)] = reader.number<std::uint32_t>();
        if (buffer.sizes[static_cast<std::size_t>(d)] == 0)
            refuse("buffer ", number, ": dimension ", d, " is 0, must be at least 1");
    }
}

Buffer read_buffer(Reader& reader, std::uint64_t arena_bytes, std::size_t number) {
    Buffer buffer;
    buffer.offset = reader.number<std::uint64_t>();
    const auto format = reader.number<std::uint8_t>();
    buffer.role = reader.number<std::uint8_t>();
    const auto persistent = reader.number<std::uint8_t>();
    buffer.dimensions = reader.number<std::uint8_t>();
    buffer.base = reader.number<std::uint32_t>();
    const FormatInfo* info = find_format(format);
    if (info == nullptr) refuse("buffer ", number, " has format code ", int{format}, ", which no format has");
    if (buffer.role < 1 || buffer.role > role_count)
        refuse("buffer ", number, " has role code ", int{buffer.role}, ", must be 1 to ", role_count);
    if (persistent > 1) refuse("buffer ", number, " has persistent ", int{persistent}, ", must be 0 or 1");
    buffer.format = info->format;
    buffer.persistent = persistent == 1;
    read_shape(reader, buffer, number);
    buffer.bytes = bytes_of(buffer, info->bits, number);
    check_place(buffer, arena_bytes, number);
    buffer.name = reader.name();
    return buffer;
}

// A view has bytes of a buffer that is not a view itself: all of them, or a range such as some of its rows.
void check_bases(const std::vector<Buffer>& buffers) {
    for (std::size_t number = 0; number < buffers.size(); ++number) {
        const Buffer& view = buffers[number];
        if (view.base == absent) continue;
        if (view.base >= buffers.size() || buffers[view.base].base != absent)
            refuse("buffer ", number, " is a view of number ", view.base, ", which has no bytes of its own");
        const Buffer& base = buffers[view.base];
        if (view.offset < base.offset || view.offset + view.bytes > base.offset + base.bytes)
            refuse("buffer ", number, " at ", view.offset, " + ", view.bytes, " B is a view of number ", view.base,
                   " at ", base.offset, " + ", base.bytes, " B, must lie within it");
    }
}

const Op& known_op(const Instruction& instruction, std::size_t number) {
    const Op* op = find_op(instruction.op);
    if (op == nullptr) refuse("instruction ", number, " has op code ", instruction.op, ", which no op has");
    const Signature& takes = op->signature();
    if (instruction.operand_count != takes.operands.size())
        refuse("instruction ", number, ": ", op->name, " has ", instruction.operand_count, " operands, must have ",
               takes.operands.size());
    if (instruction.attribute_count != takes.attributes.size())
        refuse("instruction ", number, ": ", op->name, " has ", instruction.attribute_count, " attributes, must have ",
               takes.attributes.size());
    return *op;
}

void read_instruction(Reader& reader, Program& program, std::size_t number) {
    Instruction instruction;
    instruction.op = reader.number<std::uint16_t>();
    instruction.operand_count = reader.number<std::uint16_t>();
    instruction.attribute_count = reader.number<std::uint16_t>();
    instruction.first_operand = program.operands.size();
    instruction.first_attribute = program.attributes.size();
    const Op& op = known_op(instruction, number);
    for (const SignatureOperand& operand : op.signature().operands) {
        const auto index = reader.number<std::uint32_t>();
        if (index != absent && index >= program.buffers.size())
            refuse("instruction ", number, ": ", op.name, ": operand ", operand.name, " is buffer ", index,
                   ", there are ", program.buffers.size());
        program.operands.push_back(index);
    }
    for (int a = 0; a < instruction.attribute_count; ++a) program.attributes.push_back(reader.real());
    program.instructions.push_back(instruction);
}

// Those of the kinds of instructions that a program has, while it is loaded.
using KnownChecks = std::unordered_map<std::uint16_t, Checks>;

// What binds the numbers that were read to the meaning of the op; finds the workspace.
void check_instruction(Program& program, std::size_t number, KnownChecks& known) {
    Instruction& instruction = program.instructions[number];
    const Op& op = *find_op(instruction.op);
    Matched matched{&op, {}, {}};
    std::size_t place = 0;
    for (std::uint32_t index : program.operands_of(instruction))
        matched.operands[place++] = index == absent ? nullptr : &program.buffers[index];
    std::string reason = match(matched);
    if (reason.empty()) reason = aliasing(matched);
    if (!known.contains(op.code)) known.emplace(op.code, op.checks());
    const Checks& checks = known.at(op.code);
    if (reason.empty()) reason = checks.first_failure(matched, program.attributes_of(instruction));
    if (!reason.empty()) refuse("instruction ", number, ": ", op.name, ": ", reason);
    instruction.workspace_bytes = checks.workspace_bytes(matched, program.attributes_of(instruction));
    program.workspace_bytes = std::max(program.workspace_bytes, instruction.workspace_bytes);
}

Section read_section(Reader& reader, std::size_t instructions, std::size_t number) {
    Section section;
    section.name = reader.name();
    section.begin = reader.number<std::uint32_t>();
    section.end = reader.number<std::uint32_t>();
    if (section.begin > section.end || section.end > instructions)
        refuse("section ", number, " is instructions ", section.begin, " to ", section.end, ", there are ",
               instructions);
    return section;
}

template <class Item>
void check_names(const std::vector<Item>& items, const char* what) {
    std::unordered_set<std::string_view> seen;
    for (std::size_t number = 0; number < items.size(); ++number)
        if (!seen.insert(items[number].name).second)
            refuse(what, " ", number, " is called '", printable(items[number].name), "' like an earlier one");
}

template <class Item>
const Item* find_named(const std::vector<Item>& items, std::string_view name) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
    return found == items.end() ? nullptr : &*found;
}

void check_header(Reader& reader) {
    if (reader.left() < magic.size() || reader.bytes(magic.size()) != magic)
        refuse("these bytes do not start with the mark of a linocut program");
    const auto found = reader.number<std::uint32_t>();
    if (found != version) refuse("program has version ", found, ", must be ", version, "; compile it anew");
}

}  // namespace

const Buffer* Program::find_buffer(std::string_view name) const { return find_named(buffers, name); }
const Section* Program::find_section(std::string_view name) const { return find_named(sections, name); }

Program load(const std::uint8_t* data, std::size_t size) {
    Reader reader(data, size);
    check_header(reader);
    Program program;
    program.arena_bytes = reader.number<std::uint64_t>();
    program.lower_bound_bytes = reader.number<std::uint64_t>();
    if (program.arena_bytes > most_arena_bytes)
        refuse("program wants an arena of ", program.arena_bytes, " B, at most ", most_arena_bytes);
    const auto buffers = reader.number<std::uint32_t>();
    const auto instructions = reader.number<std::uint32_t>();
    const auto sections = reader.number<std::uint32_t>();

    check_count("buffers", buffers, least_buffer, reader.left());
    program.buffers.reserve(buffers);
    for (std::size_t n = 0; n < buffers; ++n) program.buffers.push_back(read_buffer(reader, program.arena_bytes, n));
    check_bases(program.buffers);
    check_count("instructions", instructions, least_instruction, reader.left());
    program.instructions.reserve(instructions);
    KnownChecks known;
    for (std::size_t n = 0; n < instructions; ++n) {
        read_instruction(reader, program, n);
        check_instruction(program, n, known);
    }
    check_count("sections", sections, least_section, reader.left());
    program.sections.reserve(sections);
    for (std::size_t n = 0; n < sections; ++n) program.sections.push_back(read_section(reader, instructions, n));
    if (reader.left() != 0) refuse("program ends at byte ", reader.at(), ", ", reader.left(), " bytes follow");
    check_names(program.buffers, "buffer");
    check_names(program.sections, "section");
    return program;
}

}  // namespace linocut
