#include "isa.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "error.hpp"

#if defined(LINOCUT_X86)
#include <cpuid.h>
#elif defined(LINOCUT_ARM64) && defined(__linux__)
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

#endif

std::vector<const KernelTable*> detect() {
    std::vector<const KernelTable*> tables;
#ifdef LINOCUT_X86
    __builtin_cpu_init();
    if (has_avx512()) tables.push_back(&avx512::kernel_table());
    if (has_avx2()) tables.push_back(&avx2::kernel_table());
#elif defined(LINOCUT_ARM64)
    if (has_dot_product()) tables.push_back(&neon_dot::kernel_table());
    tables.push_back(&neon::kernel_table());  // part of every such processor
#endif
    tables.push_back(&portable::kernel_table());
    return tables;
}

std::string names() {
    std::string list;
    for (const KernelTable* table : usable_kernels()) list += text(list.empty() ? "" : ", ", table->isa);
    return list;
}

}  // namespace

std::span<const KernelTable* const> usable_kernels() {
    static const std::vector<const KernelTable*> tables = detect();
    return tables;
}

const KernelTable& find_kernels(std::string_view isa) {
    if (isa.empty())
        if (const char* chosen = std::getenv("LINOCUT_ISA")) isa = chosen;
    if (isa.empty()) return *usable_kernels().front();
    for (const KernelTable* table : usable_kernels())
        if (table->isa == isa) return *table;
    refuse("instruction set '", printable(isa), "' cannot be used here, choose one of: ", names());
}

}  // namespace linocut
