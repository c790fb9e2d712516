// The table of all kernels, for the instruction set that this file is being compiled for.
#pragma once

#include "instructions.inc"
#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// A kernel's header has the functions `units` and `run`, or, where it has several phases, two arrays of them.
inline Kernel kernel_of(Units units, Run run) { return {{{units, run}}}; }

template <int phases>
inline Kernel kernel_of(const Units (&units)[phases], const Run (&run)[phases]) {
    static_assert(phases <= most_phases);
    Kernel kernel;
    for (int phase = 0; phase < phases; ++phase) kernel.phases[phase] = {units[phase], run[phase]};
    return kernel;
}

inline KernelTable make_table(const char* isa) {
    KernelTable table;
    table.isa = isa;
    table.choose_tables = choose_tables;
#define OP(code, name, signature, workspace, rules) \
    static_assert(code < most_ops);                 \
    table.kernels[code] = kernel_of(name::units, name::run);
#include "../ops.def"
#undef OP
    return table;
}

}  // namespace linocut::LINOCUT_NS
