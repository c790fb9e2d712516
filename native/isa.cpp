#include "isa.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "error.hpp"

#if defined(LINOCUT_X86)
#include <cpuid.h>
#elif (defined(LINOCUT_ARM64) || defined(LINOCUT_ARM32)) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace linocut {
namespace {

#if defined(LINOCUT_X86)

// __builtin_cpu_supports asks the operating system too, whether it saves the wide registers. It knows f16c
// only in newer compilers, so that is asked of the processor.
bool has_f16c() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
           has_f16c();
}

#if defined(LINOCUT_EMULATE_AVX512)
bool has_avx512() { return has_avx2(); }
#else
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vnni");
}
#endif

#elif defined(LINOCUT_ARM64)

bool has_dot_product() {
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
    return true;  // every Mac with such a processor has it
#else
    return false;
#endif
}

#elif defined(LINOCUT_ARM32)

bool has_neon() {
#if defined(__linux__)
    constexpr unsigned long both = HWCAP_NEON | HWCAP_VFPv4;
    return (getauxval(AT_HWCAP) & both) == both;
#else
    return false;
#endif
}

#endif

bool runs_here([[maybe_unused]] std::string_view isa) {
#if defined(LINOCUT_X86)
    __builtin_cpu_init();
    if (isa == "avx512") return has_avx512();
    if (isa == "avx2") return has_avx2();
#elif defined(LINOCUT_ARM64)
    if (isa == "neon_dot") return has_dot_product();
#elif defined(LINOCUT_ARM32)
    if (isa == "neon32") return has_neon();
#endif
    return true;  // portable, and neon, which is part of every 64-bit Arm processor
}

std::vector<const KernelTable*> detect() {
    std::vector<const KernelTable*> tables;
#define LINOCUT_ADD(name) \
    if (runs_here(#name)) tables.insert(tables.begin(), &name::kernel_table());
    LINOCUT_SETS(LINOCUT_ADD)
#undef LINOCUT_ADD
#ifdef LINOCUT_C99
    if (!tables.empty()) tables.push_back(&c99::kernel_table());
#endif
    return tables;
}

std::string names() {
    std::string list;
    for (const KernelTable* table : usable_kernels()) list += text(list.empty() ? "" : ", ", table->isa);
    return list;
}

void refuse_none() {
#define LINOCUT_NAME(name) #name
    refuse("this build has the instruction set ", LINOCUT_SETS(LINOCUT_NAME),
           " alone, which this processor lacks; build it with -DLINOCUT_ISA=portable");
#undef LINOCUT_NAME
}

const KernelTable& ready(const KernelTable& table) {
    if (table.choose_tables != nullptr) table.choose_tables(tables_wanted);
    return table;
}

}  // namespace

std::span<const KernelTable* const> usable_kernels() {
    static const std::vector<const KernelTable*> tables = detect();
    return tables;
}

const KernelTable& last_kernels() {
    const KernelTable* last = nullptr;
    for (const KernelTable* table : usable_kernels())
        if (table->isa != std::string_view("c99")) last = table;
    return *last;
}

Tables tables_of_environment() noexcept {
    const char* chosen = std::getenv("LINOCUT_TABLES");
    if (chosen == nullptr) return Tables::if_faster;
    const std::string_view text = chosen;
    return text == "1" ? Tables::always : text == "0" ? Tables::never : Tables::if_faster;
}

std::atomic<Tables> tables_wanted{tables_of_environment()};

const KernelTable& find_kernels(std::string_view isa) {
    if (isa.empty())
        if (const char* chosen = std::getenv("LINOCUT_ISA")) isa = chosen;
    if (usable_kernels().empty()) refuse_none();
    if (isa.empty()) return ready(*usable_kernels().front());
    for (const KernelTable* table : usable_kernels())
        if (table->isa == isa) return ready(*table);
    refuse("instruction set '", printable(isa), "' cannot be used here, choose one of: ", names());
}

}  // namespace linocut
