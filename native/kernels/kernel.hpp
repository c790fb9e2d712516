// What a kernel is given, and how the virtual machine may divide its work.
//
// A kernel is one instruction for one instruction set. `units` says into how many independent parts a call falls; `run`
// does parts [begin, end). Parts write disjoint outputs (or add to integer counters atomically), so the result depends
// neither on the number of threads nor on the order of the parts. Most kernels have one phase. One that has several
// does them in order, each seeing all that those before it wrote; a phase of no units is passed over. Kernels neither
// allocate nor throw; everything they read was checked when the program was loaded.
#pragma once

#include <cstdint>

namespace linocut {

// Codes as in src/linocut/formats.py. `bit` is packed along the last dimension in 64-bit words, bit 1 = +1, padding 0;
// `i4` two a byte, the element with the even index in the low nibble, -7 to 7, a row in whole bytes, padding 0.
enum class Format : std::uint8_t {
    u8 = 1,
    i8 = 2,
    i16 = 3,
    i32 = 4,
    i64 = 5,
    f16 = 6,
    f32 = 7,
    f64 = 8,
    bit = 9,
    q15 = 10,
    q7 = 11,
    i4 = 12
};

// A buffer as a matrix: `rows` is the product of all dimensions but the last (1 for a vector), `cols` the last one in
// elements. `shape` are all dimensions, the last one too. An absent optional operand has data == nullptr.
struct Operand {
    void* data = nullptr;
    Format format = Format::u8;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    const std::uint32_t* shape = nullptr;
};

// `workspace` belongs to the thread that runs parts of the call, aligned to 64; it is theirs in turn, and holds any
// bytes.
struct Call {
    const Operand* operands = nullptr;
    const double* attributes = nullptr;
    std::uint8_t* workspace = nullptr;
    std::int64_t workspace_bytes = 0;
};

using Units = std::int64_t (*)(const Call&);
using Run = void (*)(const Call&, std::int64_t begin, std::int64_t end);

struct Phase {
    Units units = nullptr;
    Run run = nullptr;
};

inline constexpr int most_phases = 3;

// The phases that the kernel lacks are null.
struct Kernel {
    Phase phases[most_phases] = {};
};

// Codes of instructions, the numbers in ops.def.
enum class OpCode : std::uint16_t {
#define OP(code, name, signature, workspace, rules) name = code,
#include "../ops.def"
#undef OP
};

inline constexpr int most_ops = 160;

// Repeats a micro-kernel on data in the nearest cache, and says how many multiplications that took (kernels/peak.hpp).
using Peak = std::uint64_t (*)(std::uint64_t rounds);

struct Peaks {
    Peak xnor = nullptr, int8 = nullptr, int8_sign = nullptr, int4_sign = nullptr, floats = nullptr;
};

// Whether gradients times signs go by tables or as bytes (kernels/tables_or_bytes.hpp).
enum class Tables { never, always, if_faster };

// All kernels of one instruction set, indexed by op code.
struct KernelTable {
    const char* isa = "";
    void (*choose_tables)(Tables wanted) = nullptr;  // null where there is no choice
    Kernel kernels[most_ops] = {};
};

// The instruction sets that this build has. Of each kernels/kernels.cpp, choice.cpp and peaks.cpp make a table of
// kernels, what chooses between them and peaks, in a namespace called like it. From the one that every processor has to
// the best; a small build has one.
#ifdef LINOCUT_ONLY_SET
#define LINOCUT_EXPANDED(DO, name) DO(name)
#define LINOCUT_SETS(DO) LINOCUT_EXPANDED(DO, LINOCUT_ONLY_SET)
#elif defined(LINOCUT_X86)
#define LINOCUT_SETS(DO) DO(portable) DO(avx2) DO(avx512)
#elif defined(LINOCUT_ARM64)
#define LINOCUT_SETS(DO) DO(portable) DO(neon) DO(neon_dot)
#elif defined(LINOCUT_ARM32)
#define LINOCUT_SETS(DO) DO(portable) DO(neon32)
#else
#define LINOCUT_SETS(DO) DO(portable)
#endif

#define LINOCUT_DECLARE(name)          \
    namespace name {                   \
    const KernelTable& kernel_table(); \
    void choose_tables(Tables wanted); \
    Peaks measured_peaks();            \
    }
LINOCUT_SETS(LINOCUT_DECLARE)
#undef LINOCUT_DECLARE

// The kernels in C99 (native/c99/), which microcontrollers run, where this build has them: no set of this processor.
#ifdef LINOCUT_C99
namespace c99 {
const KernelTable& kernel_table();
}
#endif

}  // namespace linocut
